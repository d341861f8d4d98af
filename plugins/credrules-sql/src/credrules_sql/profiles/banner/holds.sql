-- entity: holds
-- SPRHOLD_RELEASE_IND does not say that a hold is released: it says that only who entered it may release it. A hold is
-- there from its first day to its last. What it stops is in STVHLDD, as each institution uses it, and not read here, so
-- that each may stop anything; say it with an expression in place of the NULL.
SELECT CAST(h.SPRHOLD_PIDM AS VARCHAR(20)) AS learner_id,
       h.SPRHOLD_HLDD_CODE AS code,
       NULL AS blocks,
       h.SPRHOLD_REASON AS reason,
       DAY_OF(h.SPRHOLD_FROM_DATE) AS since,
       DAY_OF(h.SPRHOLD_TO_DATE) AS until
FROM SPRHOLD h
WHERE EXISTS (SELECT 1 FROM SGBSTDN s WHERE s.SGBSTDN_PIDM = h.SPRHOLD_PIDM)
