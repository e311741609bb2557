# What letters and pages say in English. The other languages have the same messages; what one of
# them lacks is said in English. Project Fluent's syntax: projectfluent.org/fluent/guide

# Dates
month = { $month ->
    [1] January
    [2] February
    [3] March
    [4] April
    [5] May
    [6] June
    [7] July
    [8] August
    [9] September
    [10] October
    [11] November
   *[12] December
}
month-short = { $month ->
    [1] Jan
    [2] Feb
    [3] Mar
    [4] Apr
    [5] May
    [6] Jun
    [7] Jul
    [8] Aug
    [9] Sep
    [10] Oct
    [11] Nov
   *[12] Dec
}
date = { $day } { $name } { $year }
date-short = { $day } { $name }

# Letters: their head
subject-more = { $title } – and { $count } more
greeting = Hello { $name },
greeting-nameless = Hello,
view-online = View online
unsubscribe = Unsubscribe
new-posts = { $count ->
    [one] One new post on { $site }
   *[other] { $count } new posts on { $site }
}

# Letters: articles
read-on = Read on
read-on-web = Read on the web
more-posts = { $count ->
    [one] And one more
   *[other] And { $count } more
}
cut = The letter ends here, since mailboxes cut off longer ones. The rest is on the web.
comments = { $count ->
    [one] 1 comment
   *[other] { $count } comments
}
comment-on = Comment on this post
notes = Notes
note-mark = (note { $mark })
watch = Watch the video
listen = Listen to it
picture = Picture
open-page = Open
related = Related popular posts
popular = Popular posts

# Letters: their foot
reply = Reply to this letter: your answer goes to { $author }, and is welcome.
reply-nameless = Reply to this letter: your answer goes to its author, and is welcome.
reason-instant = You get this letter because you asked for { $newsletter } as each post appears.
reason-daily = You get this letter because you asked for { $newsletter }, at most once a day.
reason-weekly = You get this letter because you asked for { $newsletter } once a week.
reason-monthly = You get this letter because you asked for { $newsletter } once a month.
preferences = Change how often it comes
unsubscribe-how = To unsubscribe, open
preferences-how = To change how often it comes, write to
view-online-how = This letter on the web

# Pages
follow = Follow along:
all-feeds = all feeds
by-letter = New posts also go out as letters to those who asked for them.
nothing-yet = Nothing has been published here yet.
updated = updated { $date }
feed = Feed
feeds = Feeds
feeds-explained = A feed tells your reading program when something new is here, without an account and without anybody looking on. Copy an address from this page into your feed reader; if you have none, look for one under the words “feed reader”. All three formats say the same: take the first one, unless your reader asks for another.
feeds-everything = To follow everything at once, import:
feeds-opml = the list of all feeds (OPML)
tags = Tags
authors = Authors
sections = Sections
languages = Languages
moved = This page has moved:
letters = Letters
letters-explained = What was sent to the readers of { $newsletter }.
letters-none = No letter has been sent yet.

# Pages behind the links of letters
leave-ask = Leave { $newsletter }?
leave-press = Press the button and you get no more of these letters.
left = You have left
left-text = { $newsletter } will not be sent to you any more.
absent = There is no page here
absent-text = It may have moved, or its address was cut off on the way.
broken = This link does not work
broken-text = It is damaged or not one of ours. Copy it whole from the letter, or reply to the letter and ask to be taken off.
