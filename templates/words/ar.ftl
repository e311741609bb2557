# ما تقوله الرسائل والصفحات بالعربية.

month = { $month ->
    [1] يناير
    [2] فبراير
    [3] مارس
    [4] أبريل
    [5] مايو
    [6] يونيو
    [7] يوليو
    [8] أغسطس
    [9] سبتمبر
    [10] أكتوبر
    [11] نوفمبر
   *[12] ديسمبر
}
month-short = { $month ->
    [1] يناير
    [2] فبراير
    [3] مارس
    [4] أبريل
    [5] مايو
    [6] يونيو
    [7] يوليو
    [8] أغسطس
    [9] سبتمبر
    [10] أكتوبر
    [11] نوفمبر
   *[12] ديسمبر
}
date = { $day } { $name } { $year }
date-short = { $day } { $name }

subject-more = { $title } – و{ $count } غيرها
greeting = مرحبًا { $name }،
greeting-nameless = مرحبًا،
view-online = القراءة على الويب
unsubscribe = إلغاء الاشتراك
new-posts = { $count ->
    [one] تدوينة جديدة واحدة في { $site }
    [two] تدوينتان جديدتان في { $site }
    [few] { $count } تدوينات جديدة في { $site }
   *[other] { $count } تدوينة جديدة في { $site }
}

read-on = تابع القراءة
read-on-web = القراءة على الويب
more-posts = { $count ->
    [one] وواحدة أخرى
    [two] واثنتان أخريان
   *[other] و{ $count } أخرى
}
cut = تنتهي الرسالة هنا لأن صناديق البريد تقطع ما هو أطول منها. البقية على الويب.
comments = { $count ->
    [one] تعليق واحد
    [two] تعليقان
    [few] { $count } تعليقات
    [many] { $count } تعليقًا
   *[other] { $count } تعليق
}
comment-on = علّق على هذه التدوينة
notes = ملاحظات
note-mark = (ملاحظة { $mark })
watch = شاهد الفيديو
listen = استمع
picture = صورة
open-page = افتح
related = تدوينات رائجة ذات صلة
popular = مقالات شائعة

reply = يمكنك الرد على هذه الرسالة: يصل ردك إلى { $author } وهو موضع ترحيب.
reply-nameless = يمكنك الرد على هذه الرسالة: يصل ردك إلى كاتبها وهو موضع ترحيب.
reason-instant = تصلك هذه الرسالة لأنك طلبت { $newsletter } عند صدور كل تدوينة.
reason-daily = تصلك هذه الرسالة لأنك طلبت { $newsletter }، مرة في اليوم على الأكثر.
reason-weekly = تصلك هذه الرسالة لأنك طلبت { $newsletter } مرة في الأسبوع.
reason-monthly = تصلك هذه الرسالة لأنك طلبت { $newsletter } مرة في الشهر.
preferences = تغيير عدد المرات
unsubscribe-how = لإلغاء الاشتراك افتح
preferences-how = لتغيير عدد المرات اكتب إلى
view-online-how = هذه الرسالة على الويب

follow = للمتابعة:
all-feeds = كل الخلاصات
by-letter = تُرسل التدوينات الجديدة أيضًا رسائلَ إلى من طلبها.
nothing-yet = لم يُنشر شيء هنا بعد.
updated = عُدّلت في { $date }
feed = خلاصة
feeds = الخلاصات
feeds-explained = تُعلم الخلاصة برنامج القراءة لديك بكل جديد هنا، بلا حساب ومن دون أن يراقبك أحد. انسخ عنوانًا من هذه الصفحة إلى قارئ الخلاصات؛ وإن لم يكن لديك واحد فابحث عن «قارئ RSS». الصيغ الثلاث تقول الشيء نفسه: خذ الأولى ما لم يطلب برنامجك غيرها.
feeds-everything = لمتابعة كل شيء دفعة واحدة استورد:
feeds-opml = قائمة كل الخلاصات (OPML)
tags = الوسوم
authors = الكتّاب
sections = الأقسام
languages = اللغات
moved = انتقلت هذه الصفحة:
letters = الرسائل
letters-explained = ما أُرسل إلى قرّاء { $newsletter }.
letters-none = لم تُرسل أي رسالة بعد.

leave-ask = أتريد ترك { $newsletter }؟
leave-press = اضغط الزر ولن تصلك هذه الرسائل بعد ذلك.
left = أُلغي اشتراكك
left-text = لن تُرسل إليك { $newsletter } بعد الآن.
absent = لا توجد صفحة هنا
absent-text = ربما انتقلت، أو قُطع عنوانها في الطريق.
broken = هذا الرابط لا يعمل
broken-text = إنه تالف أو ليس من روابطنا. انسخه كاملًا من الرسالة، أو ردّ على الرسالة واطلب إلغاء اشتراكك.
