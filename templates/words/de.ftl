# Was Briefe und Seiten auf Deutsch sagen.

month = { $month ->
    [1] Januar
    [2] Februar
    [3] März
    [4] April
    [5] Mai
    [6] Juni
    [7] Juli
    [8] August
    [9] September
    [10] Oktober
    [11] November
   *[12] Dezember
}
month-short = { $month ->
    [1] Jan.
    [2] Feb.
    [3] März
    [4] Apr.
    [5] Mai
    [6] Juni
    [7] Juli
    [8] Aug.
    [9] Sept.
    [10] Okt.
    [11] Nov.
   *[12] Dez.
}
date = { $day }. { $name } { $year }
date-short = { $day }. { $name }

subject-more = { $title } – und { $count } weitere
greeting = Hallo { $name },
greeting-nameless = Hallo,
view-online = Im Web ansehen
unsubscribe = Abbestellen
new-posts = { $count ->
    [one] Ein neuer Beitrag auf { $site }
   *[other] { $count } neue Beiträge auf { $site }
}

read-on = Weiterlesen
read-on-web = Im Web lesen
more-posts = { $count ->
    [one] Und ein weiterer
   *[other] Und { $count } weitere
}
cut = Hier endet der Brief, weil Postfächer längere abschneiden. Der Rest steht im Web.
comments = { $count ->
    [one] 1 Kommentar
   *[other] { $count } Kommentare
}
comment-on = Diesen Beitrag kommentieren
notes = Anmerkungen
note-mark = (Anm. { $mark })
watch = Video ansehen
listen = Anhören
picture = Bild
open-page = Öffnen
related = Beliebte verwandte Beiträge
popular = Beliebte Beiträge

reply = Antworten Sie auf diesen Brief: Ihre Antwort geht an { $author } und ist willkommen.
reply-nameless = Antworten Sie auf diesen Brief: Ihre Antwort geht an die Autorin oder den Autor und ist willkommen.
reason-instant = Sie bekommen diesen Brief, weil Sie { $newsletter } abonniert haben, jeden Beitrag bei Erscheinen.
reason-daily = Sie bekommen diesen Brief, weil Sie { $newsletter } abonniert haben, höchstens einmal am Tag.
reason-weekly = Sie bekommen diesen Brief, weil Sie { $newsletter } abonniert haben, einmal in der Woche.
reason-monthly = Sie bekommen diesen Brief, weil Sie { $newsletter } abonniert haben, einmal im Monat.
preferences = Häufigkeit ändern
unsubscribe-how = Zum Abbestellen öffnen Sie
preferences-how = Um die Häufigkeit zu ändern, schreiben Sie an
view-online-how = Dieser Brief im Web

follow = Auf dem Laufenden bleiben:
all-feeds = alle Feeds
by-letter = Neue Beiträge gehen auch als Briefe an alle, die darum gebeten haben.
nothing-yet = Hier ist noch nichts veröffentlicht.
updated = geändert am { $date }
feed = Feed
feeds = Feeds
feeds-explained = Ein Feed sagt Ihrem Leseprogramm, wenn es hier etwas Neues gibt, ohne Konto und ohne dass jemand zusieht. Kopieren Sie eine Adresse von dieser Seite in Ihren Feedreader; wenn Sie keinen haben, suchen Sie nach dem Wort „Feedreader“. Alle drei Formate sagen dasselbe: Nehmen Sie das erste, außer Ihr Programm verlangt ein anderes.
feeds-everything = Um allem auf einmal zu folgen, importieren Sie:
feeds-opml = die Liste aller Feeds (OPML)
tags = Schlagwörter
authors = Autoren
sections = Rubriken
languages = Sprachen
moved = Diese Seite ist umgezogen:
letters = Briefe
letters-explained = Was an die Leserinnen und Leser von { $newsletter } ging.
letters-none = Noch ist kein Brief verschickt.

leave-ask = { $newsletter } abbestellen?
leave-press = Drücken Sie den Knopf, und Sie bekommen keine dieser Briefe mehr.
left = Sie haben abbestellt
left-text = { $newsletter } wird Ihnen nicht mehr geschickt.
absent = Hier ist keine Seite
absent-text = Vielleicht ist sie umgezogen, oder ihre Adresse wurde unterwegs abgeschnitten.
broken = Dieser Link funktioniert nicht
broken-text = Er ist beschädigt oder nicht von uns. Kopieren Sie ihn ganz aus dem Brief, oder antworten Sie auf den Brief und bitten Sie darum, gestrichen zu werden.
