-- entity: terms
-- Marking periods of the school's own calendar. Those that were entered for history have no first day, and are no terms.
SELECT m.marking_period_id AS term_id,
       CONCAT(CONCAT(m.title, ' '), m.syear) AS title,
       m.start_date AS starts,
       m.end_date AS ends
FROM school_marking_periods m
