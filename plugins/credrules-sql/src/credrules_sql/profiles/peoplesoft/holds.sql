-- entity: holds
-- Negative service indicators only: a positive one is no hold. What one stops is the institution's own setting, which is
-- not read here, so that each may stop anything; say it with an expression in place of the NULL.
SELECT h.EMPLID AS learner_id,
       h.SRVC_IND_CD AS code,
       NULL AS blocks,
       h.SRVC_IND_REASON AS reason
FROM PS_SRVC_IND_DATA h
WHERE h.POS_SRVC_INDICATOR = 'N' AND h.INSTITUTION = :institution
  AND EXISTS (SELECT 1 FROM PS_ACAD_PROG p WHERE p.EMPLID = h.EMPLID AND p.INSTITUTION = :institution)
