-- entity: enrolments
-- Plans of the row of the program that holds on the day. The name of a plan is that of the micro-credential's rule file;
-- where it is another, map it in [records.values."enrolments.program"]. Since when: the plan's first day.
SELECT l.EMPLID AS learner_id,
       l.ACAD_PLAN AS program,
       f.first_effdt AS since
FROM (SELECT EMPLID, ACAD_CAREER, STDNT_CAR_NBR, EFFDT, EFFSEQ, PROG_STATUS,
             ROW_NUMBER() OVER (PARTITION BY EMPLID, ACAD_CAREER, STDNT_CAR_NBR
                                ORDER BY EFFDT DESC, EFFSEQ DESC) AS latest
      FROM PS_ACAD_PROG WHERE INSTITUTION = :institution AND EFFDT <= :as_of) p
JOIN PS_ACAD_PLAN l
  ON l.EMPLID = p.EMPLID AND l.ACAD_CAREER = p.ACAD_CAREER AND l.STDNT_CAR_NBR = p.STDNT_CAR_NBR
 AND l.EFFDT = p.EFFDT AND l.EFFSEQ = p.EFFSEQ
JOIN (SELECT EMPLID, ACAD_CAREER, STDNT_CAR_NBR, ACAD_PLAN, MIN(EFFDT) AS first_effdt
      FROM PS_ACAD_PLAN GROUP BY EMPLID, ACAD_CAREER, STDNT_CAR_NBR, ACAD_PLAN) f
  ON f.EMPLID = l.EMPLID AND f.ACAD_CAREER = l.ACAD_CAREER AND f.STDNT_CAR_NBR = l.STDNT_CAR_NBR
 AND f.ACAD_PLAN = l.ACAD_PLAN
WHERE p.latest = 1 AND p.PROG_STATUS = 'AC'
