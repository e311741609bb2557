# 手紙とページの日本語。

month = { $month }月
month-short = { $month }月
date = { $year }年{ $name }{ $day }日
date-short = { $name }{ $day }日

subject-more = { $title } ほか{ $count }件
greeting = { $name }さん、こんにちは。
greeting-nameless = こんにちは。
view-online = ウェブで読む
unsubscribe = 購読をやめる
new-posts = { $site } の新しい記事 { $count } 件

read-on = 続きを読む
read-on-web = ウェブで読む
more-posts = ほか { $count } 件
cut = 長い手紙はメールソフトに途中で切られるため、ここまでにします。続きはウェブにあります。
comments = コメント { $count } 件
comment-on = この記事にコメントする
notes = 注
note-mark = （注 { $mark }）
watch = 動画を見る
listen = 聴く
picture = 画像
open-page = 開く
related = よく読まれている関連記事
popular = 人気の記事

reply = この手紙への返信を歓迎します。お返事は { $author } に届きます。
reply-nameless = この手紙への返信を歓迎します。お返事は書き手に届きます。
reason-instant = この手紙は、{ $newsletter } を記事が出るたびに受け取ると申し込まれたためお送りしています。
reason-daily = この手紙は、{ $newsletter } を多くても一日に一度受け取ると申し込まれたためお送りしています。
reason-weekly = この手紙は、{ $newsletter } を週に一度受け取ると申し込まれたためお送りしています。
reason-monthly = この手紙は、{ $newsletter } を月に一度受け取ると申し込まれたためお送りしています。
preferences = 届く頻度を変える
unsubscribe-how = 購読をやめるには次を開いてください
preferences-how = 届く頻度を変えるには次の宛先へお書きください
view-online-how = この手紙のウェブ版

follow = 購読：
all-feeds = すべてのフィード
by-letter = 新しい記事は、申し込まれた方に手紙でもお送りしています。
nothing-yet = まだ何も公開されていません。
updated = { $date }更新
feed = フィード
feeds = フィード
feeds-explained = フィードは、ここに新しいものが出たことを読者のリーダーに知らせます。アカウントは要らず、誰にも見られません。このページのアドレスをフィードリーダーに貼り付けてください。お持ちでなければ「RSS リーダー」で探してください。三つの形式の内容は同じです。リーダーが別のものを求めないかぎり、最初のものをお使いください。
feeds-everything = すべてを一度に購読するには、次を読み込んでください：
feeds-opml = 全フィードの一覧（OPML）
tags = タグ
authors = 書き手
sections = 分類
languages = 言語
moved = このページは移動しました：
letters = 手紙
letters-explained = { $newsletter } の読者にお送りした手紙です。
letters-none = まだ手紙は送られていません。

leave-ask = { $newsletter } の購読をやめますか？
leave-press = ボタンを押すと、この手紙は届かなくなります。
left = 購読をやめました
left-text = { $newsletter } はもうお送りしません。
absent = ここにページはありません
absent-text = 移動したか、アドレスが途中で切れたのかもしれません。
broken = このリンクは使えません
broken-text = 壊れているか、こちらのものではありません。手紙から全体をコピーするか、手紙に返信して購読の停止をお申し出ください。
