-- Since when a delivery has been put off; null while nobody has tried it.
alter table deliveries add column tried_since bigint;

-- When the letters behind the first ones of an issue were let go.
alter table issues add column canary_passed_at bigint;
update issues set canary_passed_at = coalesce(opened_at, planned_at);
create index issues_on_canary on issues (id) where canary_passed_at is null;

-- When the operator was last written to.
alter table ledger add column alarmed_at bigint;

-- When the operator last said that a ledger which was held goes on.
alter table ledger add column adopted_at bigint;

-- Letters that relays took or may have taken, by days of UTC counted from 1970; where the domain
-- is empty, all of them.
create table handed_over (
    day bigint not null,
    relay text not null,
    domain text not null,
    letters bigint not null,
    slowed bigint not null,
    primary key (relay, domain, day)
);
