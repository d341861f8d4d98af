-- entity: attempts
-- One row for each learner and section, whether it is graded or not. The grades of a section for its quarters and
-- semesters are parts of the final one: only the grade for the section's own marking period is that of the attempt.
SELECT CONCAT('section ', e.course_period_id) AS attempt_id,
       e.student_id AS learner_id,
       c.short_name AS course,
       c.title AS title,
       p.marking_period_id AS term_id,
       'institution' AS origin,
       CASE WHEN e.start_date > :as_of THEN 'planned'
            WHEN e.end_date < m.end_date AND e.end_date < :as_of THEN 'withdrawn'
            ELSE 'enrolled' END AS registration,
       e.start_date AS registered_on,
       g.grade_letter AS grade,
       CASE WHEN g.id IS NULL THEN p.credits ELSE g.credit_attempted END AS credits_attempted,
       CASE WHEN NULLIF(TRIM(g.grade_letter), '') IS NOT NULL THEN g.credit_earned END AS credits_earned
FROM (SELECT student_id, course_period_id, MIN(start_date) AS start_date,
             CASE WHEN COUNT(end_date) = COUNT(*) THEN MAX(end_date) END AS end_date
      FROM schedule GROUP BY student_id, course_period_id) e
JOIN course_periods p ON p.course_period_id = e.course_period_id
JOIN courses c ON c.course_id = p.course_id
JOIN school_marking_periods m ON m.marking_period_id = p.marking_period_id
LEFT JOIN student_report_card_grades g
  ON g.student_id = e.student_id AND g.course_period_id = e.course_period_id
 AND g.marking_period_id = p.marking_period_id
UNION ALL
-- Graded, and no longer in the schedule.
SELECT CONCAT('section ', g.course_period_id), g.student_id, c.short_name, c.title, p.marking_period_id,
       'institution', 'enrolled', NULL, g.grade_letter, g.credit_attempted,
       CASE WHEN NULLIF(TRIM(g.grade_letter), '') IS NOT NULL THEN g.credit_earned END
FROM student_report_card_grades g
JOIN course_periods p ON p.course_period_id = g.course_period_id AND p.marking_period_id = g.marking_period_id
JOIN courses c ON c.course_id = p.course_id
WHERE NOT EXISTS (SELECT 1 FROM schedule s
                  WHERE s.student_id = g.student_id AND s.course_period_id = g.course_period_id)
UNION ALL
-- Transfer and history: no section and no course code, only a title. The code here is the row's own, which no rule names.
SELECT CONCAT('history ', g.id), g.student_id, CONCAT('HISTORY ', g.id), g.course_title, NULL,
       'history', 'enrolled', NULL, g.grade_letter, g.credit_attempted,
       CASE WHEN NULLIF(TRIM(g.grade_letter), '') IS NOT NULL THEN g.credit_earned END
FROM student_report_card_grades g
WHERE g.course_period_id IS NULL
