-- Days whose readers were counted, each once for each place where they were counted. Days are
-- numbered from 1970-01-01.
create table read_days (
    source text not null,
    day bigint not null,
    counted_at bigint not null,
    primary key (source, day)
);

-- Readers of posts by day; posts without readers have no row.
create table reads (
    source text not null,
    day bigint not null,
    post bigint not null references posts (id),
    readers bigint not null,
    primary key (source, day, post)
);

-- What became of the lines of a day: why they count for nothing, if they do.
create table read_lines (
    source text not null,
    day bigint not null,
    fate text not null,
    lines bigint not null,
    primary key (source, day, fate)
);

-- How far access logs were counted. A log is known by how long its first lines are and when they
-- were written, never by who they are about.
create table log_places (
    head text primary key,
    place bigint not null
);

-- What popularity remembers of each post: readers and days with two memories.
create table tallies (
    post bigint primary key references posts (id),
    expected double precision not null,
    weight double precision not null,
    readers double precision not null,
    days double precision not null,
    through bigint
);

-- The last day that the tallies have taken in, and how fast they forget. No row: they are to be
-- made anew, since a day that they took in was counted differently.
create table tallied (
    one bigint primary key check (one = 1),
    day bigint not null,
    half_life double precision not null
);
