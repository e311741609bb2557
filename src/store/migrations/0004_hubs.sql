-- What hubs are to be told of feeds (WebSub), and what they were told last.
create table pings (
    hub text not null,
    topic text not null,
    -- Of the octets that the hub is to be told of.
    hash text not null,
    -- Of those that it was told of last.
    told text,
    tries bigint not null default 0,
    -- When it is to be told; null: it knows, or was given up.
    next_at bigint,
    reply text,
    primary key (hub, topic)
);

create index pings_due on pings (next_at);
