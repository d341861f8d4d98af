-- entity: attempts
-- Enrolments in enrolment sections: the labs and recitations beside them (CLASS_TYPE 'N') are no attempts of their own.
-- A blank official grade is work in progress, whatever UNT_EARNED says already. A row stays when it is dropped.
SELECT CONCAT(CONCAT(CONCAT(CONCAT(e.ACAD_CAREER, '-'), e.STRM), '-'), e.CLASS_NBR) AS attempt_id,
       e.EMPLID AS learner_id,
       CONCAT(CONCAT(TRIM(c.SUBJECT), ' '), TRIM(c.CATALOG_NBR)) AS course,
       c.DESCR AS title,
       CONCAT(CONCAT(e.ACAD_CAREER, '-'), e.STRM) AS term_id,
       e.ACAD_CAREER AS "level",
       'institution' AS origin,
       CASE WHEN e.STDNT_ENRL_STATUS = 'E' AND t.WITHDRAW_CODE IN ('WDR', 'CAN')
                 AND NULLIF(TRIM(e.CRSE_GRADE_OFF), '') IS NULL THEN 'withdrawn'
            ELSE e.STDNT_ENRL_STATUS END AS registration,
       e.ENRL_ADD_DT AS registered_on,
       TRIM(e.CRSE_GRADE_OFF) AS grade,
       CASE WHEN e.AUDIT_GRADE_BASIS = 'Y' THEN 'AUD' ELSE e.GRADING_BASIS_ENRL END AS basis,
       e.GRADE_DT AS graded_on,
       CASE WHEN TRIM(e.CRSE_GRADE_OFF) LIKE 'I/%' THEN REPLACE(TRIM(e.CRSE_GRADE_OFF), 'I/', '') END AS lapses_to,
       e.UNT_TAKEN AS credits_attempted,
       CASE WHEN NULLIF(TRIM(e.CRSE_GRADE_OFF), '') IS NULL THEN NULL
            WHEN e.EARN_CREDIT = 'N' THEN 0
            ELSE e.UNT_EARNED END AS credits_earned,
       CASE WHEN NULLIF(TRIM(e.REPEAT_CODE), '') IS NULL OR e.EARN_CREDIT = 'Y' THEN 'include'
            WHEN e.INCLUDE_IN_GPA = 'Y' THEN 'average-only'
            ELSE 'exclude' END AS repeat
FROM PS_STDNT_ENRL e
JOIN PS_CLASS_TBL c ON c.CLASS_NBR = e.CLASS_NBR AND c.STRM = e.STRM AND c.INSTITUTION = e.INSTITUTION
LEFT JOIN PS_STDNT_CAR_TERM t
  ON t.EMPLID = e.EMPLID AND t.ACAD_CAREER = e.ACAD_CAREER AND t.INSTITUTION = e.INSTITUTION AND t.STRM = e.STRM
WHERE e.INSTITUTION = :institution AND c.CLASS_TYPE = 'E'
UNION ALL
-- Transfer counts where both the course and the model that it belongs to are posted.
SELECT CONCAT(CONCAT(CONCAT(CONCAT(CONCAT(CONCAT(CONCAT(CONCAT('transfer-', d.ACAD_CAREER), '-'), d.MODEL_NBR), '-'),
              d.ARTICULATION_TERM), '-'), CONCAT(d.TRNSFR_EQVLNCY_GRP, '-')), d.TRNSFR_EQVLNCY_SEQ),
       d.EMPLID,
       CONCAT(CONCAT(TRIM(o.SUBJECT), ' '), TRIM(o.CATALOG_NBR)),
       NULL,
       CONCAT(CONCAT(d.ACAD_CAREER, '-'), d.ARTICULATION_TERM),
       d.ACAD_CAREER,
       'transfer',
       'E',
       NULL,
       TRIM(d.CRSE_GRADE_OFF),
       'TRN',
       NULL,
       NULL,
       d.UNT_TRNSFR,
       CASE WHEN d.EARN_CREDIT = 'N' THEN 0 ELSE d.UNT_TRNSFR END,
       CASE WHEN NULLIF(TRIM(d.REPEAT_CODE), '') IS NULL OR d.EARN_CREDIT = 'Y' THEN 'include' ELSE 'exclude' END
FROM PS_TRNS_CRSE_DTL d
JOIN PS_TRNS_CRSE_SCH h
  ON h.EMPLID = d.EMPLID AND h.ACAD_CAREER = d.ACAD_CAREER AND h.INSTITUTION = d.INSTITUTION
 AND h.MODEL_NBR = d.MODEL_NBR
LEFT JOIN (SELECT CRSE_ID, CRSE_OFFER_NBR, SUBJECT, CATALOG_NBR,
                  ROW_NUMBER() OVER (PARTITION BY CRSE_ID, CRSE_OFFER_NBR ORDER BY EFFDT DESC) AS latest
           FROM PS_CRSE_OFFER WHERE EFFDT <= :as_of) o
  ON o.CRSE_ID = d.CRSE_ID AND o.CRSE_OFFER_NBR = d.CRSE_OFFER_NBR AND o.latest = 1
WHERE d.INSTITUTION = :institution AND d.TRNSFR_STAT = 'P' AND h.MODEL_STATUS = 'P'
