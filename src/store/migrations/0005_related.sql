-- What was found near each post, and how popular it was, when all lists were last renewed; a post
-- that came later has its own since then. What pages and letters show is chosen from it.
create table related (
    post bigint not null primary key references posts (id),
    -- JSON: its popularity, and the numbers of posts with their scores, best first.
    relations text not null
);

-- When all of them were last renewed; null: they are to be.
alter table ledger add column related_at bigint;

-- What the last letters held that were sent to readers of a history, the latest first: JSON.
create table shown (
    history_id bigint not null references histories (id),
    newsletter text not null,
    cadence text not null,
    log text not null,
    primary key (history_id, newsletter, cadence)
);
