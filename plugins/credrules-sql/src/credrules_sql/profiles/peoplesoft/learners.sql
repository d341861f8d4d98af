-- entity: learners
-- Everybody with an academic program at the institution. A name is the latest that is in effect on the day, never one of
-- the future. PS_FERPA_OVERRIDE has rows only of those who have restricted something; put your own expression here where
-- your view says it more finely (open, restricted, or NULL where it is not known).
SELECT p.EMPLID AS learner_id,
       pri.FIRST_NAME AS given_name,
       pri.LAST_NAME AS family_name,
       prf.FIRST_NAME AS preferred_name,
       CASE WHEN EXISTS (SELECT 1 FROM PS_FERPA_OVERRIDE f WHERE f.EMPLID = p.EMPLID)
            THEN 'restricted' ELSE 'open' END AS privacy
FROM (SELECT DISTINCT EMPLID FROM PS_ACAD_PROG WHERE INSTITUTION = :institution) p
LEFT JOIN (SELECT EMPLID, FIRST_NAME, LAST_NAME, EFF_STATUS,
                  ROW_NUMBER() OVER (PARTITION BY EMPLID ORDER BY EFFDT DESC) AS latest
           FROM PS_NAMES WHERE NAME_TYPE = 'PRI' AND EFFDT <= :as_of) pri
  ON pri.EMPLID = p.EMPLID AND pri.latest = 1 AND pri.EFF_STATUS = 'A'
LEFT JOIN (SELECT EMPLID, FIRST_NAME, EFF_STATUS,
                  ROW_NUMBER() OVER (PARTITION BY EMPLID ORDER BY EFFDT DESC) AS latest
           FROM PS_NAMES WHERE NAME_TYPE = 'PRF' AND EFFDT <= :as_of) prf
  ON prf.EMPLID = p.EMPLID AND prf.latest = 1 AND prf.EFF_STATUS = 'A'
