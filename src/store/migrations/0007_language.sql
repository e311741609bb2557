-- What an edition says of itself in lists and feeds of issues; unknown for those from before.
alter table editions add column subject text;
alter table editions add column summary text;
