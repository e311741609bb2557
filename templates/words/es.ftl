# Lo que dicen las cartas y las páginas en español.

month = { $month ->
    [1] enero
    [2] febrero
    [3] marzo
    [4] abril
    [5] mayo
    [6] junio
    [7] julio
    [8] agosto
    [9] septiembre
    [10] octubre
    [11] noviembre
   *[12] diciembre
}
month-short = { $month ->
    [1] ene
    [2] feb
    [3] mar
    [4] abr
    [5] may
    [6] jun
    [7] jul
    [8] ago
    [9] sept
    [10] oct
    [11] nov
   *[12] dic
}
date = { $day } de { $name } de { $year }
date-short = { $day } { $name }

subject-more = { $title } – y { $count } más
greeting = Hola, { $name }:
greeting-nameless = Hola:
view-online = Ver en la web
unsubscribe = Darse de baja
new-posts = { $count ->
    [one] Un artículo nuevo en { $site }
   *[other] { $count } artículos nuevos en { $site }
}

read-on = Seguir leyendo
read-on-web = Leer en la web
more-posts = { $count ->
    [one] Y uno más
   *[other] Y { $count } más
}
cut = La carta termina aquí, porque los buzones cortan las más largas. El resto está en la web.
comments = { $count ->
    [one] 1 comentario
   *[other] { $count } comentarios
}
comment-on = Comentar este artículo
notes = Notas
note-mark = (nota { $mark })
watch = Ver el vídeo
listen = Escuchar
picture = Imagen
open-page = Abrir
related = Artículos populares relacionados
popular = Artículos populares

reply = Responda a esta carta: su respuesta llega a { $author } y es bienvenida.
reply-nameless = Responda a esta carta: su respuesta llega a quien la escribió y es bienvenida.
reason-instant = Recibe esta carta porque pidió { $newsletter } con cada artículo nuevo.
reason-daily = Recibe esta carta porque pidió { $newsletter }, como mucho una vez al día.
reason-weekly = Recibe esta carta porque pidió { $newsletter } una vez por semana.
reason-monthly = Recibe esta carta porque pidió { $newsletter } una vez al mes.
preferences = Cambiar la frecuencia
unsubscribe-how = Para darse de baja, abra
preferences-how = Para cambiar la frecuencia, escriba a
view-online-how = Esta carta en la web

follow = Para seguirnos:
all-feeds = todos los canales
by-letter = Los artículos nuevos también se envían como cartas a quien las pidió.
nothing-yet = Todavía no hay nada publicado aquí.
updated = actualizado el { $date }
feed = Canal
feeds = Canales
feeds-explained = Un canal avisa a su programa de lectura cuando hay algo nuevo aquí, sin cuenta y sin que nadie mire. Copie una dirección de esta página en su lector de canales; si no tiene ninguno, busque «lector de feeds». Los tres formatos dicen lo mismo: tome el primero, salvo que su lector pida otro.
feeds-everything = Para seguirlo todo de una vez, importe:
feeds-opml = la lista de todos los canales (OPML)
tags = Etiquetas
authors = Autores
sections = Secciones
languages = Idiomas
moved = Esta página se ha mudado:
letters = Cartas
letters-explained = Lo que se envió a quienes leen { $newsletter }.
letters-none = Todavía no se ha enviado ninguna carta.

leave-ask = ¿Dejar { $newsletter }?
leave-press = Pulse el botón y no recibirá más cartas como estas.
left = Se ha dado de baja
left-text = Ya no se le enviará { $newsletter }.
absent = Aquí no hay ninguna página
absent-text = Puede que se haya mudado o que su dirección se cortara por el camino.
broken = Este enlace no funciona
broken-text = Está dañado o no es nuestro. Cópielo entero de la carta, o responda a la carta y pida que le quitemos de la lista.
