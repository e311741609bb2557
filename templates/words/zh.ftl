# 信件和网页的中文用语。

month = { $month }月
month-short = { $month }月
date = { $year }年{ $name }{ $day }日
date-short = { $name }{ $day }日

subject-more = { $title }——以及另外 { $count } 篇
greeting = { $name }，你好：
greeting-nameless = 你好：
view-online = 在网页上阅读
unsubscribe = 退订
new-posts = { $site } 有 { $count } 篇新文章

read-on = 继续阅读
read-on-web = 在网页上阅读
more-posts = 还有 { $count } 篇
cut = 邮箱会截断更长的信，所以信到此为止。其余内容请见网页。
comments = { $count } 条评论
comment-on = 评论这篇文章
notes = 注释
note-mark = （注 { $mark }）
watch = 观看视频
listen = 收听
picture = 图片
open-page = 打开
related = 相关热门文章
popular = 热门文章

reply = 欢迎回复这封信，你的回信会送到 { $author } 那里。
reply-nameless = 欢迎回复这封信，你的回信会送到作者那里。
reason-instant = 你收到这封信，是因为你订阅了 { $newsletter }（每篇文章发布时）。
reason-daily = 你收到这封信，是因为你订阅了 { $newsletter }（每天最多一封）。
reason-weekly = 你收到这封信，是因为你订阅了 { $newsletter }（每周一封）。
reason-monthly = 你收到这封信，是因为你订阅了 { $newsletter }（每月一封）。
preferences = 更改频率
unsubscribe-how = 退订请打开
preferences-how = 更改频率请写信至
view-online-how = 本信的网页版

follow = 关注：
all-feeds = 全部订阅源
by-letter = 新文章也会以信件寄给订阅的读者。
nothing-yet = 这里还没有发布任何内容。
updated = 更新于 { $date }
feed = 订阅源
feeds = 订阅源
feeds-explained = 订阅源会告诉你的阅读器这里有了新内容，不需要账号，也没有人旁观。把本页的一个地址复制到你的阅读器里；如果还没有，可以搜索“RSS 阅读器”。三种格式内容相同：除非阅读器另有要求，用第一种即可。
feeds-everything = 要一次关注全部，请导入：
feeds-opml = 全部订阅源列表（OPML）
tags = 标签
authors = 作者
sections = 栏目
languages = 语言
moved = 本页已移至：
letters = 信件
letters-explained = 寄给 { $newsletter } 读者的信。
letters-none = 还没有寄出过信。

leave-ask = 要退订 { $newsletter } 吗？
leave-press = 按下按钮，你将不再收到这些信。
left = 已退订
left-text = 不会再给你寄 { $newsletter } 了。
absent = 这里没有网页
absent-text = 它可能已经移走，或者地址在途中被截断了。
broken = 这个链接无效
broken-text = 它已损坏，或不是我们的链接。请从信中完整复制，或回复该信要求退订。
