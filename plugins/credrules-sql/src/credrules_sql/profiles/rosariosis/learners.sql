-- entity: learners
SELECT s.student_id AS learner_id,
       s.first_name AS given_name,
       s.last_name AS family_name
FROM students s
