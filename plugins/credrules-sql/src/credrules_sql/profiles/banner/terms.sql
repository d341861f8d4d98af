-- entity: terms
SELECT t.STVTERM_CODE AS term_id,
       t.STVTERM_DESC AS title,
       DAY_OF(t.STVTERM_START_DATE) AS starts,
       DAY_OF(t.STVTERM_END_DATE) AS ends
FROM STVTERM t
