# O que as cartas e as páginas dizem em português.

month = { $month ->
    [1] janeiro
    [2] fevereiro
    [3] março
    [4] abril
    [5] maio
    [6] junho
    [7] julho
    [8] agosto
    [9] setembro
    [10] outubro
    [11] novembro
   *[12] dezembro
}
month-short = { $month ->
    [1] jan.
    [2] fev.
    [3] mar.
    [4] abr.
    [5] maio
    [6] jun.
    [7] jul.
    [8] ago.
    [9] set.
    [10] out.
    [11] nov.
   *[12] dez.
}
date = { $day } de { $name } de { $year }
date-short = { $day } { $name }

subject-more = { $title } – e mais { $count }
greeting = Olá, { $name },
greeting-nameless = Olá,
view-online = Ver na web
unsubscribe = Cancelar a subscrição
new-posts = { $count ->
    [one] Um novo artigo em { $site }
   *[other] { $count } novos artigos em { $site }
}

read-on = Continuar a ler
read-on-web = Ler na web
more-posts = { $count ->
    [one] E mais um
   *[other] E mais { $count }
}
cut = A carta termina aqui, porque as caixas de correio cortam as mais longas. O resto está na web.
comments = { $count ->
    [one] { $count } comentário
   *[other] { $count } comentários
}
comment-on = Comentar este artigo
notes = Notas
note-mark = (nota { $mark })
watch = Ver o vídeo
listen = Ouvir
picture = Imagem
open-page = Abrir
related = Artigos populares relacionados
popular = Artigos populares

reply = Responda a esta carta: a sua resposta chega a { $author } e é bem-vinda.
reply-nameless = Responda a esta carta: a sua resposta chega a quem a escreveu e é bem-vinda.
reason-instant = Recebe esta carta porque pediu { $newsletter } a cada novo artigo.
reason-daily = Recebe esta carta porque pediu { $newsletter }, no máximo uma vez por dia.
reason-weekly = Recebe esta carta porque pediu { $newsletter } uma vez por semana.
reason-monthly = Recebe esta carta porque pediu { $newsletter } uma vez por mês.
preferences = Mudar a frequência
unsubscribe-how = Para cancelar a subscrição, abra
preferences-how = Para mudar a frequência, escreva para
view-online-how = Esta carta na web

follow = Acompanhar:
all-feeds = todos os feeds
by-letter = Os novos artigos também são enviados como cartas a quem as pediu.
nothing-yet = Ainda não há nada publicado aqui.
updated = atualizado em { $date }
feed = Feed
feeds = Feeds
feeds-explained = Um feed avisa o seu programa de leitura quando há algo novo aqui, sem conta e sem ninguém a observar. Copie um endereço desta página para o seu leitor de feeds; se não tiver nenhum, procure por “leitor de feeds”. Os três formatos dizem o mesmo: use o primeiro, a não ser que o seu leitor peça outro.
feeds-everything = Para acompanhar tudo de uma vez, importe:
feeds-opml = a lista de todos os feeds (OPML)
tags = Etiquetas
authors = Autores
sections = Secções
languages = Línguas
moved = Esta página mudou de endereço:
letters = Cartas
letters-explained = O que foi enviado a quem lê { $newsletter }.
letters-none = Ainda não foi enviada nenhuma carta.

leave-ask = Deixar { $newsletter }?
leave-press = Carregue no botão e não receberá mais estas cartas.
left = A subscrição foi cancelada
left-text = { $newsletter } não lhe será mais enviado.
absent = Não há nenhuma página aqui
absent-text = Pode ter mudado, ou o endereço foi cortado pelo caminho.
broken = Esta ligação não funciona
broken-text = Está danificada ou não é nossa. Copie-a inteira da carta, ou responda à carta e peça para ser retirado da lista.
