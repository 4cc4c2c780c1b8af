-- When (wall time in ms since 1970 UTC) a link gave this account a password that nobody who gives such accounts has
-- confirmed yet; NULL: there is nothing to confirm.
ALTER TABLE "operator" ADD COLUMN unconfirmed_since bigint;
