-- entity: admissions
-- Each spell of an active program, to the day before the next row. Of several rows of a day the last in sequence holds.
-- :nondegree is the pattern of the academic programs that are non-degree. Rows of the future are there with their day.
SELECT r.EMPLID AS learner_id,
       CASE WHEN r.ACAD_PROG LIKE :nondegree THEN 'non-degree' ELSE 'degree' END AS kind,
       r.EFFDT AS since,
       DAY_BEFORE(r.next_effdt) AS until
FROM (SELECT a.EMPLID, a.ACAD_PROG, a.PROG_STATUS, a.EFFDT,
             LEAD(a.EFFDT) OVER (PARTITION BY a.EMPLID, a.ACAD_CAREER, a.STDNT_CAR_NBR ORDER BY a.EFFDT) AS next_effdt
      FROM (SELECT EMPLID, ACAD_CAREER, STDNT_CAR_NBR, ACAD_PROG, PROG_STATUS, EFFDT,
                   ROW_NUMBER() OVER (PARTITION BY EMPLID, ACAD_CAREER, STDNT_CAR_NBR, EFFDT
                                      ORDER BY EFFSEQ DESC) AS latest
            FROM PS_ACAD_PROG WHERE INSTITUTION = :institution) a
      WHERE a.latest = 1) r
WHERE r.PROG_STATUS = 'AC'
