"""What a CRM exports, read into callqa's own rows: mappings, file formats, values."""
