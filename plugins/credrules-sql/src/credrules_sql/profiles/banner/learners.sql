-- entity: learners
-- Everybody with a student record. The key is the PIDM: SPRIDEN_ID can change, and old ones stay in the table with a
-- SPRIDEN_CHANGE_IND. No confidentiality indicator is No.
SELECT CAST(i.SPRIDEN_PIDM AS VARCHAR(20)) AS learner_id,
       i.SPRIDEN_FIRST_NAME AS given_name,
       i.SPRIDEN_LAST_NAME AS family_name,
       b.SPBPERS_PREF_FIRST_NAME AS preferred_name,
       CASE WHEN b.SPBPERS_CONFID_IND = 'Y' OR b.SPBPERS_DEAD_IND = 'Y' THEN 'restricted' ELSE 'open' END AS privacy
FROM SPRIDEN i
LEFT JOIN SPBPERS b ON b.SPBPERS_PIDM = i.SPRIDEN_PIDM
WHERE i.SPRIDEN_CHANGE_IND IS NULL
  AND EXISTS (SELECT 1 FROM SGBSTDN s WHERE s.SGBSTDN_PIDM = i.SPRIDEN_PIDM)
