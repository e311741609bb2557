-- Addresses never to be written to, whatever their subscriptions say.
create table suppressions (
    subscriber_id bigint not null primary key references subscribers (id),
    reason text not null,
    suppressed_at bigint not null
);

-- What only one process does at a time, where several share the ledger.
create table terms (
    role text not null primary key,
    owner text not null,
    holder text not null,
    until bigint not null
);

-- Deliveries that were turned into counts.
create table pruned (
    issue_id bigint not null references issues (id),
    state text not null check (state in ('sent', 'failed', 'bounced', 'suppressed', 'cancelled')),
    count bigint not null,
    latest_at bigint not null,
    primary key (issue_id, state)
);

-- Which run of which database this is, to tell a copy and a restored snapshot from it.
alter table ledger add column epoch bigint not null default 0;
alter table ledger add column home text;
alter table ledger add column held_because text;

-- Chunks of readers are read in the order of their numbers.
drop index subscriptions_due;
create index subscriptions_due on subscriptions (newsletter, cadence, state, history_id, id);
