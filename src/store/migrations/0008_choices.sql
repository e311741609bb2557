-- What readers chose beyond a cadence, each choice once; the first chooses nothing.
create table choices (
    id {key},
    choice text not null unique,
    made_at bigint not null
);
insert into choices (id, choice, made_at) values (1, '', 0);
alter table subscriptions add column choice_id bigint not null default 1 references choices (id);
drop index subscriptions_due;
create index subscriptions_due
    on subscriptions (newsletter, cadence, state, choice_id, history_id, id);

-- Changes of topics that planning has not yet looked at: what appeared before such a change is
-- not for the topics that it added.
create table changes (
    id {key},
    subscription_id bigint not null references subscriptions (id),
    changed_at bigint not null,
    before text not null,
    after text not null
);

-- Planned times that were acted upon, by whom they were planned for; so that none is acted upon
-- twice.
create table waves (
    newsletter text not null,
    cadence text not null,
    choice_id bigint not null references choices (id),
    planned_at bigint not null,
    taken_at bigint not null,
    primary key (newsletter, cadence, choice_id, planned_at)
);
insert into waves (newsletter, cadence, choice_id, planned_at, taken_at)
    select newsletter, cadence, 1, planned_at, taken_at from slots;
drop table slots;

-- How many letters were opened for a reader on the latest day on which there was one, counted
-- only where there is a ceiling.
create table letters_a_day (
    subscriber_id bigint not null primary key references subscribers (id),
    day bigint not null,
    letters bigint not null
);

-- Posts that were known before under another identity.
create index posts_body_hash on posts (body_hash);

-- A correction makes a revision: what the posts of an edition said when its letter was rendered,
-- how often that was done again, and the letters of which something may have been sent.
alter table editions add column said text;
alter table editions add column revision bigint not null default 0;
create table revisions (
    edition_id bigint not null references editions (id),
    number bigint not null,
    letter text not null,
    primary key (edition_id, number)
);
-- Which revision has been begun to be sent; null: none, the latest goes.
alter table deliveries add column revision bigint;

-- When the operator called an issue off.
alter table issues add column cancelled_at bigint;

-- What is in hand is found issue by issue: an index less to write for each move.
drop index deliveries_in_hand;
