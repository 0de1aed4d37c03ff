"""How to write a mapping, for `callqa crm sources` and docs/crm.md: the example here is one that loads."""

EXAMPLE = """\
title = "Our CRM"
currency = "RUB"             # of money without a currency of its own
time_zone = "Europe/Moscow"  # of times without an offset
times = ["%m/%d/%Y %H:%M"]   # forms of times that callqa would not know or take for another
decimal = ","                # when 12,345 is not twelve thousand
columns = []                 # names for files without a header

[tables.deals]                                   # one kind of file; the name is yours
skip = { "Type" = ["Test"] }                     # rows left out: column, values
only = { "Archived" = ["no", ""] }               # rows taken

[tables.deals.deals]                             # what its rows are: a field and the column it stands in
deal_id = "No."
created_at = ["Created", "Date"]                 # the first that holds something
owner_id = "Manager"                             # an id, or a name that `people` know
amount = "Sum"
stage = "Stage"
final = { column = "Stage", values = { "Paid" = "won", "Refused" = "lost" }, other = "" }
close_planned = { const = false }
closed_reported_at = { column = "Closed", since = "Created" }  # a day alone: not before that time of the same day
customer_id = { column = "Client no.", key = ["Client", "Phone"] }  # without a number: an id made of these

[tables.deals.customers]                         # the customer in the same row, if there is one
skip = { "Client" = ["retail"] }
customer_id = { column = "Client no.", key = ["Client", "Phone"] }
name = "Client"
phone = "Phone"

[tables.deals.stage_history]
each = 'Entered: (.+)'                           # one for each column that matches
deal_id = "No."
entered_at = "{each}"
stage = "{name}"

[tables.calls.activities]
kind = { const = "call" }
at = "Start"
seconds = { column = "Minutes", scale = 60 }
deal_id = { column = "Card", pattern = '/(\\d+)$' }            # what the group finds
lead_id = { column = "About", only = { "About type" = ["lead"] } }
customer_id = { column = "Clients", before = ";" }            # of several the first

[tables.requests.leads]
lead_id = "Id"
created_at = "Created"
first_touch_at = { column = "Waited", after = "Created" }     # so long after

[tables.spend.costs]
cost_id = { hash = ["Day", "Campaign"] }         # an id of the row made of these columns
day = "Day"
kind = { const = "marketing" }
channel = "Source"
amount = "Spend"
"""

HOWTO = f"""\
A source of your own is a TOML file: [tables.FILE.ENTITY], each line a field and the column it stands in. What a file's
rows are comes first. `callqa crm sources plain` lists the entities, their fields and which are needed. Which of the
tables a file is, its columns tell. Begin with the needed fields, import, read the rejects, add. For instance:

{EXAMPLE}
Double brackets, [[tables.deals.stage_history]], and that twice, tell of an entity that stands in a row twice. Name the
file with --source ours.toml; `callqa crm sources ours.toml` shows it as callqa understands it. The mappings that come
with callqa are such files: `callqa crm sources NAME` says where. A mistake is an error that names file, key and cure,
before anything is read."""
