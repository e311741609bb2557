# מה שאומרים המכתבים והדפים בעברית.

month = { $month ->
    [1] ינואר
    [2] פברואר
    [3] מרץ
    [4] אפריל
    [5] מאי
    [6] יוני
    [7] יולי
    [8] אוגוסט
    [9] ספטמבר
    [10] אוקטובר
    [11] נובמבר
   *[12] דצמבר
}
month-short = { $month ->
    [1] ינו׳
    [2] פבר׳
    [3] מרץ
    [4] אפר׳
    [5] מאי
    [6] יוני
    [7] יולי
    [8] אוג׳
    [9] ספט׳
    [10] אוק׳
    [11] נוב׳
   *[12] דצמ׳
}
date = { $day } ב{ $name } { $year }
date-short = { $day } ב{ $name }

subject-more = { $title } – ועוד { $count }
greeting = שלום { $name },
greeting-nameless = שלום,
view-online = לקריאה באתר
unsubscribe = הסרה מהרשימה
new-posts = { $count ->
    [one] רשומה חדשה אחת ב־{ $site }
   *[other] { $count } רשומות חדשות ב־{ $site }
}

read-on = להמשך הקריאה
read-on-web = לקריאה באתר
more-posts = { $count ->
    [one] ועוד אחת
   *[other] ועוד { $count }
}
cut = המכתב מסתיים כאן, משום שתיבות דואר קוטעות מכתבים ארוכים יותר. ההמשך באתר.
comments = { $count ->
    [one] תגובה אחת
   *[other] { $count } תגובות
}
comment-on = להגיב על הרשומה
notes = הערות
note-mark = (הערה { $mark })
watch = לצפייה בסרטון
listen = להאזנה
picture = תמונה
open-page = לפתיחה
related = רשומות קשורות ופופולריות
popular = פוסטים פופולריים

reply = אפשר להשיב על המכתב הזה: התשובה תגיע אל { $author } ותתקבל בשמחה.
reply-nameless = אפשר להשיב על המכתב הזה: התשובה תגיע למי שכתב אותו ותתקבל בשמחה.
reason-instant = המכתב הזה נשלח כי ביקשת לקבל את { $newsletter } עם כל רשומה חדשה.
reason-daily = המכתב הזה נשלח כי ביקשת לקבל את { $newsletter }, לכל היותר פעם ביום.
reason-weekly = המכתב הזה נשלח כי ביקשת לקבל את { $newsletter } פעם בשבוע.
reason-monthly = המכתב הזה נשלח כי ביקשת לקבל את { $newsletter } פעם בחודש.
preferences = לשינוי התדירות
unsubscribe-how = להסרה מהרשימה יש לפתוח את
preferences-how = לשינוי התדירות יש לכתוב אל
view-online-how = המכתב הזה באתר

follow = למעקב:
all-feeds = כל ההזנות
by-letter = רשומות חדשות נשלחות גם כמכתבים למי שביקשו.
nothing-yet = עדיין לא פורסם כאן דבר.
updated = עודכן ב־{ $date }
feed = הזנה
feeds = הזנות
feeds-explained = הזנה מודיעה לתוכנת הקריאה שלך כשיש כאן משהו חדש, בלי חשבון ובלי שאיש יצפה. יש להעתיק כתובת מהדף הזה אל קורא ההזנות; אם אין לך כזה, אפשר לחפש ”קורא RSS“. שלושת הפורמטים אומרים אותו דבר: הראשון מתאים, אלא אם התוכנה מבקשת אחר.
feeds-everything = למעקב אחר הכול בבת אחת יש לייבא:
feeds-opml = רשימת כל ההזנות (OPML)
tags = תגיות
authors = כותבים
sections = מדורים
languages = שפות
moved = הדף הזה עבר:
letters = מכתבים
letters-explained = מה שנשלח לקוראי { $newsletter }.
letters-none = עדיין לא נשלח מכתב.

leave-ask = לעזוב את { $newsletter }?
leave-press = לחיצה על הכפתור, ומכתבים כאלה לא יישלחו אליך עוד.
left = הוסרת מהרשימה
left-text = { $newsletter } לא יישלח אליך עוד.
absent = אין כאן דף
absent-text = ייתכן שהוא עבר, או שכתובתו נקטעה בדרך.
broken = הקישור הזה אינו פועל
broken-text = הוא פגום או אינו שלנו. יש להעתיק אותו במלואו מהמכתב, או להשיב על המכתב ולבקש הסרה.
