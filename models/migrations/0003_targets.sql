-- What grades measure against; the keys are the fields of models/targets.py, one that is missing is no target.
ALTER TABLE projects ADD COLUMN targets jsonb NOT NULL DEFAULT '{}';
