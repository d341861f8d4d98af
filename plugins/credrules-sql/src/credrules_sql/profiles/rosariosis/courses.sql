-- entity: courses
-- A course is copied into each school year; in the catalogue it is from its first year on.
SELECT c.short_name AS course,
       c.title AS title,
       MIN(m.start_date) AS "from"
FROM courses c
LEFT JOIN school_marking_periods m ON m.syear = c.syear AND m.school_id = c.school_id AND m.mp = 'FY'
GROUP BY c.short_name, c.title
