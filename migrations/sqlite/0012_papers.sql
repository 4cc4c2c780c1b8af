-- Where anybody checks the code of a certificate; what is left of what people wished to eat when that was deleted.
ALTER TABLE event ADD COLUMN public_address TEXT NOT NULL DEFAULT '';  -- https://…; '': the one that is asked for
ALTER TABLE event ADD COLUMN catering_kept  TEXT NOT NULL DEFAULT '';  -- JSON: numbers alone; '': not deleted yet
