"""Every setting of the service: typed, validated at start, its unit in its name.

Read from environment variables with the prefix `LQS_`. Only `wiring` and the commands that operate the service read
settings; everything else receives plain arguments.
"""

from lqs.settings.every import PREFIX as PREFIX
from lqs.settings.every import Settings as Settings
from lqs.settings.loading import SettingsInvalid as SettingsInvalid
from lqs.settings.loading import load as load
from lqs.settings.loading import refuse_unknown_variables as refuse_unknown_variables
from lqs.settings.told import CLIENT_VARIABLES as CLIENT_VARIABLES
