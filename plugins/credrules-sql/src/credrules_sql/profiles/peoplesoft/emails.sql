-- entity: emails
SELECT a.EMPLID AS learner_id,
       a.EMAIL_ADDR AS email,
       a.E_ADDR_TYPE AS kind,
       a.PREF_EMAIL_FLAG AS preferred
FROM PS_EMAIL_ADDRESSES a
WHERE EXISTS (SELECT 1 FROM PS_ACAD_PROG p WHERE p.EMPLID = a.EMPLID AND p.INSTITUTION = :institution)
