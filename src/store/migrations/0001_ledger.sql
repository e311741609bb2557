-- The ledger: what was seen, who asked, what is owed to whom, and what became of it.
-- Instants are microseconds since 1970; a flag is a nullable instant; sets are JSON arrays of
-- row numbers in ascending order.

create table ledger (
    one integer primary key check (one = 1),
    instance text not null,
    secret text not null,
    created_at bigint not null,
    baseline_at bigint
);

-- What the catalog knows of each post. `source` is its last version that could be read.
create table posts (
    id {key},
    post_id text not null unique,
    key text not null unique,
    path text not null,
    url text not null,
    title text not null,
    body_hash text not null,
    source text not null,
    published_at bigint not null,
    first_seen_at bigint not null,
    baseline_at bigint,
    gone_at bigint
);
create index posts_first_seen on posts (first_seen_at) where baseline_at is null;

-- The only place where an address stands.
create table subscribers (
    id {key},
    address text not null,
    address_key text not null unique,
    name text not null,
    created_at bigint not null
);

-- Sets of still eligible posts that readers have had, each set once.
create table histories (
    id {key},
    posts text not null unique
);
insert into histories (id, posts) values (1, '[]');

create table subscriptions (
    id {key},
    subscriber_id bigint not null references subscribers (id),
    newsletter text not null,
    cadence text not null check (cadence in ('instant', 'daily', 'weekly', 'monthly')),
    state text not null check (state in ('pending', 'confirmed', 'ended')),
    source text not null,
    confirmed_at bigint,
    eligible_from bigint not null,
    ended_at bigint,
    history_id bigint not null default 1 references histories (id),
    unique (subscriber_id, newsletter)
);
create index subscriptions_due on subscriptions (newsletter, cadence, state, history_id);

-- Files of subscribers, as they were when last imported.
create table imports (
    source text primary key,
    hash text not null,
    imported_at bigint not null
);

create table issues (
    id {key},
    newsletter text not null,
    name text not null,
    state text not null check (state in ('opening', 'sending', 'held', 'sent')),
    planned_at bigint not null,
    opened_at bigint,
    sent_at bigint,
    note text,
    unique (newsletter, name)
);

-- Planned times that were acted upon, so that none is acted upon twice.
create table slots (
    newsletter text not null,
    cadence text not null,
    planned_at bigint not null,
    taken_at bigint not null,
    primary key (newsletter, cadence, planned_at)
);

-- One distinct content of an issue, frozen: `letter` is the message with its slots.
create table editions (
    id {key},
    issue_id bigint not null references issues (id),
    posts text not null,
    related text not null,
    language text not null,
    letter text not null,
    created_at bigint not null,
    unique (issue_id, posts, related, language)
);

create table deliveries (
    id {key},
    issue_id bigint not null references issues (id),
    edition_id bigint not null references editions (id),
    subscription_id bigint not null references subscriptions (id),
    state text not null check (state in ('ready', 'leased', 'sending', 'sent', 'failed',
        'bounced', 'suppressed', 'cancelled', 'uncertain')),
    not_before bigint not null,
    attempts bigint not null default 0,
    lease_owner text,
    lease_until bigint,
    first_intent_at bigint,
    settled_at bigint,
    reply text,
    unique (issue_id, subscription_id)
);
create index deliveries_due on deliveries (not_before, id) where state = 'ready';
create index deliveries_in_hand on deliveries (state)
    where state in ('leased', 'sending', 'uncertain', 'failed');
create index deliveries_of_issue on deliveries (issue_id, state);
create index deliveries_of_reader on deliveries (subscription_id);
