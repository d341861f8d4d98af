-- entity: courses
-- The catalogue as it is on the day. A code that several courses offer is there once for each title.
SELECT CONCAT(CONCAT(TRIM(o.SUBJECT), ' '), TRIM(o.CATALOG_NBR)) AS course,
       c.DESCR AS title,
       MIN(o.EFFDT) AS "from",
       o.ACAD_CAREER AS "level",
       MAX(c.UNITS_MAXIMUM) AS credits
FROM (SELECT CRSE_ID, CRSE_OFFER_NBR, SUBJECT, CATALOG_NBR, ACAD_CAREER, INSTITUTION, EFFDT,
             ROW_NUMBER() OVER (PARTITION BY CRSE_ID, CRSE_OFFER_NBR ORDER BY EFFDT DESC) AS latest
      FROM PS_CRSE_OFFER WHERE EFFDT <= :as_of) o
JOIN (SELECT CRSE_ID, DESCR, UNITS_MAXIMUM, EFF_STATUS,
             ROW_NUMBER() OVER (PARTITION BY CRSE_ID ORDER BY EFFDT DESC) AS latest
      FROM PS_CRSE_CATALOG WHERE EFFDT <= :as_of) c
  ON c.CRSE_ID = o.CRSE_ID AND c.latest = 1 AND c.EFF_STATUS = 'A'
WHERE o.latest = 1 AND o.INSTITUTION = :institution
GROUP BY CONCAT(CONCAT(TRIM(o.SUBJECT), ' '), TRIM(o.CATALOG_NBR)), c.DESCR, o.ACAD_CAREER
