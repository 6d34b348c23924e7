"""What is told about the errors that commands find by themselves, each under its code, with its title."""

from collections.abc import Mapping
from types import MappingProxyType

from lqs.domain.error_pages.page import Told

COMMANDS: Mapping[str, tuple[str, Told]] = MappingProxyType(
    {
        "usage": (
            "The command is written wrong",
            Told(
                "A command, an option or a value is not what lqs takes. Nothing was sent.",
                ("a word is misspelt", "a value is outside its limits", "two options exclude each other"),
                "the same command with --help; `lqs help` lists all of them",
            ),
        ),
        "key_missing": (
            "There is no API key",
            Told(
                "The command needs a key, and found none. Nothing was sent.",
                ("neither LQS_API_KEY nor the profile in use has one", "HOME or XDG_CONFIG_HOME is another than usual"),
                "set LQS_API_KEY, or make a key on the machine of the service: `lqs up` stores the first one, "
                "`lqs admin new-key` another",
            ),
        ),
        "credentials_invalid": (
            "The API key or the credentials file cannot be right",
            Told(
                "A key carries a checksum, and this one does not fit; or the file it is kept in cannot be read. "
                "Nothing was sent.",
                ("the key was mistyped, or cut when copied", "the credentials file is no TOML, or not yours to read"),
                "`lqs config show --explain` shows where it comes from; `lqs admin new-key` makes another one",
            ),
        ),
        "connection_failed": (
            "Nothing answers at this address",
            Told(
                "There was no connection to the API, or it was cut.",
                (
                    "the service is not running, or listens on another port",
                    "a name is unknown, or a firewall is between",
                ),
                "`lqs up` (starts the service on this machine), or name another one with --url or LQS_API_URL",
            ),
        ),
        "timeout": (
            "No answer in time",
            Told(
                "The API took longer to answer than the command waits. It may have done what was asked.",
                ("the service or its database is under load", "the network loses packets"),
                "the same command again; a service under load may need a minute; `lqs doctor` tells how it is",
            ),
        ),
        "unexpected_answer": (
            "What answered is not this API",
            Told(
                "Something answered, and not in the words of lqs.",
                ("the address is that of another program", "a proxy or a login page stands before it"),
                "correct the address: `lqs config show --explain` says which it is and where it comes from (--url, "
                "LQS_API_URL, a profile)",
            ),
        ),
        "wait_timeout": (
            "The waiting ended before the work",
            Told(
                "The generation request was not done when --timeout ended. The work goes on.",
                ("the queue is long", "no worker is alive", "--timeout is short"),
                "`lqs generation wait ID` waits on",
            ),
        ),
        "interrupted": (
            "Interrupted with Ctrl-C",
            Told(
                "The command was ended from the keyboard. What was submitted goes on.",
                ("Ctrl-C, or SIGINT of another program",),
                "`lqs generation wait ID` waits on; `lqs generation cancel ID` ends the work",
            ),
        ),
        "fault_in_lqs": (
            "A fault in this program",
            Told(
                "The command met something it was not made for.",
                ("a defect in lqs",),
                "the same command with --debug, and report what it prints; `lqs doctor` checks what is around it",
            ),
        ),
        "settings_invalid": (
            "A setting is wrong",
            Told(
                "A variable that begins with LQS_ is unknown, or has a value that it cannot have.",
                ("a name is misspelt", "a value is outside its limits"),
                "correct it in the environment and run the command again: `lqs help settings` says what each takes, "
                "`env | grep LQS_` what is set",
            ),
        ),
        "profile_unknown": (
            "There is no such profile",
            Told(
                "--profile, LQS_PROFILE or the credentials file names a profile that is not there.",
                ("the name is misspelt", "the profile was deleted"),
                "`lqs config list` shows those there are; `lqs config set NAME --url URL` makes one",
            ),
        ),
        "database_unavailable": (
            "The database does not answer",
            Told(
                "A part of the service needs PostgreSQL, and cannot use it.",
                (
                    "it is not running, or LQS_DATABASE_URL names another place",
                    "user or password are refused",
                    "it is older than PostgreSQL 15, or has no connection left",
                ),
                "correct LQS_DATABASE_URL or start the server, and then `lqs doctor`",
            ),
        ),
        "disk_full": (
            "The disk is full",
            Told(
                "Something could not be written because no space is left. What was committed before is safe.",
                ("the disk of the database, of the log or of the output is full", "a quota is used up"),
                "free some space (`df -h` shows where there is none), and then the same command again",
            ),
        ),
        "embedded_refused": (
            "The embedded PostgreSQL cannot be used",
            Told(
                "lqs brings a PostgreSQL, which could not be started here.",
                (
                    "its folder belongs to another user, or is no data folder",
                    "root has no account to run it as",
                    "its package is not installed for this machine",
                ),
                "follow the sentence above; LQS_DATA_DIR names another folder, LQS_DATABASE_URL a server of your own; "
                "then `lqs up`",
            ),
        ),
        "migration_needed": (
            "The database lacks tables",
            Told(
                "This version of lqs needs tables that the database does not have yet. Nothing was changed.",
                ("lqs was upgraded", "the database is new"),
                "`lqs migrate`, and then the same command again",
            ),
        ),
        "migration_refused": (
            "The database cannot be migrated",
            Told(
                "The tables of the database and this version of lqs do not go together. Nothing was changed.",
                (
                    "a newer lqs has migrated it",
                    "the service runs on it, and its tables are to change",
                    "a migration was edited after it was applied",
                    "a table of somebody else has a name that lqs needs",
                ),
                "follow the sentence above, and then `lqs migrate` again",
            ),
        ),
        "backup_refused": (
            "There is no backup, or it was not restored",
            Told(
                "The file could not be written or read, or is no whole backup of lqs. Nothing was restored in part.",
                (
                    "the name is taken, or the folder cannot be written to",
                    "the file is cut, damaged, or a dump of something else",
                    "the server is newer than the pg_dump that lqs brings, or wants TLS, which that one does not speak",
                ),
                "follow the sentence above, and then `lqs admin backup FILE` or `lqs admin restore FILE` again",
            ),
        ),
        "database_not_empty": (
            "The database is not empty",
            Told(
                "A backup is restored only where there is nothing that it could write over. Nothing was changed.",
                ("the service has run on this database", "the database is used by another program, too"),
                "`LQS_DATA_DIR=/a/new/folder lqs admin restore FILE`, or name an empty database with LQS_DATABASE_URL",
            ),
        ),
        "port_in_use": (
            "The port is taken",
            Told(
                "Another program listens on the port that the API is to have.",
                ("another service uses it", "an lqs that is ending has not left it yet"),
                "stop that one, or choose a port: `LQS_API_PORT=0 lqs up` takes a free one",
            ),
        ),
        "already_up": (
            "lqs is up already",
            Told(
                "lqs answers at the address where this one would listen, or is about to.",
                ("it was started before, perhaps in another terminal", "two were started at the same time"),
                "use that one: `lqs problems generate --wait`; or start another one: `LQS_API_PORT=0 lqs up` on the "
                "same data, `LQS_API_PORT=0 LQS_DATA_DIR=/another/folder lqs up` with data of its own",
            ),
        ),
        "port_refused": (
            "This user may not listen on the port",
            Told(
                "The system keeps ports below 1024 for those who may have them.",
                ("LQS_API_PORT is below 1024",),
                "choose one above 1023 with LQS_API_PORT, such as `LQS_API_PORT=8421 lqs up`",
            ),
        ),
        "address_refused": (
            "The API cannot listen on this address",
            Told(
                "The address is none of this machine, or no address.",
                ("LQS_API_HOST is mistyped", "the network that has it is down"),
                "set LQS_API_HOST to an address of this machine, such as `LQS_API_HOST=127.0.0.1 lqs up`",
            ),
        ),
        "keeps_ending": (
            "A part of the service keeps ending",
            Told(
                "The API or the worker ended several times soon after its start, so everything was stopped.",
                ("its log says why", "the machine has too little memory"),
                "read what it says above or in its log, correct that, and then `lqs up` again",
            ),
        ),
        "not_ready": (
            "The service did not become ready",
            Told(
                "The API was started and did not answer in time that it can serve.",
                ("the machine is very busy", "the database does not answer"),
                "`lqs doctor` says what is missing; then `lqs up` again",
            ),
        ),
        "no_owner": (
            "There is no owner yet",
            Told("Keys belong to owners, and this database has none.", ("it is new",), "`lqs admin bootstrap`"),
        ),
        "owner_exists": (
            "There is an owner already",
            Told(
                "The first owner and key are made once; this database has them.",
                ("the database is not new", "the key was lost"),
                "`lqs admin new-key` makes another key",
            ),
        ),
        "owner_unclear": (
            "It is not clear whose key to make",
            Told(
                "There are several owners, or none of the name that was given.",
                ("the name is misspelt or missing",),
                "`lqs admin new-key --owner NAME`",
            ),
        ),
    }
)
