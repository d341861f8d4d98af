-- entity: terms
-- A term has its own days in each career. STRM is never decoded.
SELECT CONCAT(CONCAT(t.ACAD_CAREER, '-'), t.STRM) AS term_id,
       t.DESCR AS title,
       t.TERM_BEGIN_DT AS starts,
       t.TERM_END_DT AS ends
FROM PS_TERM_TBL t
WHERE t.INSTITUTION = :institution
