-- What a team would build with PostGraphile: plain tables with the history kept in them, indexed
-- for the two questions. The rows are those of our own projections.
CREATE SCHEMA peer;

CREATE TABLE peer.person (
    person_id text PRIMARY KEY,
    role      text NOT NULL,
    unit_id   text
);
INSERT INTO peer.person (person_id, role, unit_id)
SELECT DISTINCT ON (e.person_id)
    e.person_id,
    convert_from(e.entry, 'UTF8')::jsonb -> 'actor' ->> 'role',
    convert_from(e.entry, 'UTF8')::jsonb -> 'actor' ->> 'unit_id'
FROM ledger.event AS e
WHERE e.ledger_id = 1
ORDER BY e.person_id, e.position DESC;

CREATE TABLE peer.ranking_row (
    cycle_id      text    NOT NULL,
    group_id      text    NOT NULL,
    place         integer NOT NULL,
    unit_id       text    NOT NULL,
    unit_name     text,
    participation text    NOT NULL,
    rank          integer,
    total         numeric NOT NULL,
    exact         text    NOT NULL,
    complete      boolean NOT NULL,
    missing       integer NOT NULL,
    PRIMARY KEY (cycle_id, group_id, place)
);
INSERT INTO peer.ranking_row (
    cycle_id, group_id, place, unit_id, unit_name, participation, rank, total, exact, complete, missing
)
SELECT
    s.cycle_id, s.group_id, s.place, s.unit_id, 'Unit ' || s.unit_id, s.participation, s.rank, s.total, s.exact,
    s.complete, s.missing
FROM standing.standing AS s
WHERE s.ledger_id = 1 AND s.period = '';

CREATE TABLE peer.score_edit (
    position    bigint      PRIMARY KEY,
    score_key   text        NOT NULL,
    version     integer     NOT NULL,
    type        text        NOT NULL,
    recorded_at timestamptz NOT NULL,
    person_id   text        NOT NULL REFERENCES peer.person,
    value       numeric,
    old_value   numeric,
    new_value   numeric,
    reason_code text
);
INSERT INTO peer.score_edit (
    position, score_key, version, type, recorded_at, person_id, value, old_value, new_value, reason_code
)
SELECT
    e.position, e.stream, e.version, e.type, e.recorded_at, e.person_id, e.value, held.value,
    CASE WHEN e.type <> 'CorrectionRequested' THEN e.value END, e.reason_code
FROM ledger.event AS e
LEFT JOIN score_value.score_value AS held
    ON held.ledger_id = 1
    AND held.cycle_id = e.cycle_id
    AND held.unit_id = e.unit_id
    AND held.indicator_id = e.indicator_id
    AND held.period = e.period
    AND held.until_position = e.position
    AND held.basis = CASE e.type
        WHEN 'ScoreSelfReported' THEN 'SELF' WHEN 'ScoreEntered' THEN 'PROVISIONAL' ELSE 'OFFICIAL'
    END
WHERE e.ledger_id = 1 AND e.stream LIKE 'score:%';
CREATE INDEX score_edit_by_score ON peer.score_edit (score_key, position);
CREATE INDEX score_edit_by_person ON peer.score_edit (person_id);

ANALYZE peer.person, peer.ranking_row, peer.score_edit;
