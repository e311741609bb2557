# Ce que disent les lettres et les pages en français.

month = { $month ->
    [1] janvier
    [2] février
    [3] mars
    [4] avril
    [5] mai
    [6] juin
    [7] juillet
    [8] août
    [9] septembre
    [10] octobre
    [11] novembre
   *[12] décembre
}
month-short = { $month ->
    [1] janv.
    [2] févr.
    [3] mars
    [4] avr.
    [5] mai
    [6] juin
    [7] juil.
    [8] août
    [9] sept.
    [10] oct.
    [11] nov.
   *[12] déc.
}
date = { $day ->
    [1] 1er
   *[other] { $day }
} { $name } { $year }
date-short = { $day ->
    [1] 1er
   *[other] { $day }
} { $name }

subject-more = { $count ->
    [one] { $title } – et un autre article
   *[other] { $title } – et { $count } autres articles
}
greeting = Bonjour { $name },
greeting-nameless = Bonjour,
view-online = Voir en ligne
unsubscribe = Se désabonner
new-posts = { $count ->
    [one] Un nouvel article sur { $site }
   *[other] { $count } nouveaux articles sur { $site }
}

read-on = Lire la suite
read-on-web = Lire sur le web
more-posts = { $count ->
    [one] Et un autre
   *[other] Et { $count } autres
}
cut = La lettre s’arrête ici, car les messageries coupent les plus longues. La suite est sur le web.
comments = { $count ->
    [one] { $count } commentaire
   *[other] { $count } commentaires
}
comment-on = Commenter cet article
notes = Notes
note-mark = (note { $mark })
watch = Regarder la vidéo
listen = Écouter
picture = Image
open-page = Ouvrir
related = Articles populaires sur le même sujet
popular = Articles populaires

reply = Répondez à cette lettre : votre réponse ira à { $author } et sera bienvenue.
reply-nameless = Répondez à cette lettre : votre réponse ira à son auteur et sera bienvenue.
reason-instant = Vous recevez cette lettre car vous avez demandé { $newsletter } à chaque nouvel article.
reason-daily = Vous recevez cette lettre car vous avez demandé { $newsletter }, une fois par jour au plus.
reason-weekly = Vous recevez cette lettre car vous avez demandé { $newsletter } une fois par semaine.
reason-monthly = Vous recevez cette lettre car vous avez demandé { $newsletter } une fois par mois.
preferences = Changer la fréquence
unsubscribe-how = Pour vous désabonner, ouvrez
preferences-how = Pour changer la fréquence, écrivez à
view-online-how = Cette lettre sur le web

follow = Suivre ce site :
all-feeds = tous les flux
by-letter = Les nouveaux articles partent aussi par lettre à qui l’a demandé.
nothing-yet = Rien n’a encore été publié ici.
updated = modifié le { $date }
feed = Flux
feeds = Flux
feeds-explained = Un flux dit à votre logiciel de lecture quand il y a du nouveau ici, sans compte et sans que personne ne regarde. Copiez une adresse de cette page dans votre lecteur de flux ; si vous n’en avez pas, cherchez les mots « lecteur de flux ». Les trois formats disent la même chose : prenez le premier, sauf si votre lecteur en demande un autre.
feeds-everything = Pour tout suivre d’un coup, importez :
feeds-opml = la liste de tous les flux (OPML)
tags = Mots-clés
authors = Auteurs
sections = Rubriques
languages = Langues
moved = Cette page a déménagé :
letters = Lettres
letters-explained = Ce qui a été envoyé aux lecteurs de { $newsletter }.
letters-none = Aucune lettre n’a encore été envoyée.

leave-ask = Quitter { $newsletter } ?
leave-press = Appuyez sur le bouton et vous ne recevrez plus ces lettres.
left = Vous êtes désabonné
left-text = { $newsletter } ne vous sera plus envoyé.
absent = Il n’y a pas de page ici
absent-text = Elle a peut-être déménagé, ou son adresse a été coupée en route.
broken = Ce lien ne fonctionne pas
broken-text = Il est abîmé ou ne vient pas de nous. Copiez-le en entier depuis la lettre, ou répondez à la lettre et demandez à être retiré.
