"""The English that sentences for actions are made of: what verbs are otherwise called, and what things are called.

In a template `{it}` is how somebody may speak of one thing, `{noun}` and `{nouns}` what such things are called, and
`{name}`, `{tags}` and so on a value of the parameter of that name; a template is left out where there is no such
parameter. `asks` are orders, which may be put more politely; `says` are sentences that stand as they are.
"""

from typing import NamedTuple


class Verb(NamedTuple):
    """How people ask for something to be done."""

    similes: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    says: tuple[str, ...] = ()


DESTROYING = frozenset(
    ("cancel", "close", "delete", "destroy", "drop", "end", "erase", "purge", "remove", "retire", "revoke", "trash")
)
"""Verbs after which something is gone, or can be used no more."""

POLITE = (
    "please {ask}",
    "can you {ask}",
    "could you please {ask}",
    "I want to {ask}",
    "I'd like to {ask}",
    "would you {ask}",
    "{ask} please",
    "I need to {ask}",
    "let's {ask}",
    "go ahead and {ask}",
)

NOUNS: dict[str, tuple[str, ...]] = {
    "resource": ("resource", "invoice", "report", "document", "contract"),
    "kind": ("kind", "type of resource", "kind of resource"),
    "account": ("account", "user", "person"),
    "apikey": ("API key", "key"),
    "session": ("session", "sign-in"),
    "login": ("failed sign-in", "failed login", "wrong password"),
    "audit": ("audit entry",),
    "subscriber": ("subscriber", "consumer"),
}
"""What people call the things of a domain; where nothing stands here they are called as the domain is."""

FALLBACK = Verb(
    asks=(
        "{verb} {it}",
        "{verb} the {noun}",
        "{verb} a {noun}",
        "{verb} this {noun}",
        "{verb} my {noun}",
        "{verb} it",
        "{verb} the {noun} for me",
        "{verb} {it} now",
    ),
    says=("{it}: {verb} it", "it is time to {verb} the {noun}"),
)
"""For a verb of which nothing is known but its name."""

VERBS: dict[str, Verb] = {
    # ── commands ─────────────────────────────────────────────────────────────────────────────────────────────────────
    "register": Verb(
        ("create", "add", "make", "new", "enter"),
        (
            "register a {noun}",
            "create a new {noun}",
            "create a {noun} called {name}",
            "add a {noun} named {name}",
            "make a new {noun} with {attributes}",
            "register a {kind} called {name} with {attributes}",
            "enter a new {noun}, {attributes}",
            "set up a {noun} called {name}",
            "start a new {noun}",
            "file a new {noun} named {name}",
        ),
        (
            "I have a new {noun}",
            "there is a new {kind} called {name}",
            "new {noun} {name}, {attributes}",
            "we need a {kind} for {name}",
        ),
    ),
    "rename": Verb(
        ("call", "name", "retitle", "change the name of"),
        (
            "rename {it} to {name}",
            "rename {it}",
            "call {it} {name}",
            "call {it} something else",
            "name {it} {name}",
            "change the name of {it} to {name}",
            "give {it} a new name",
            "give {it} the name {name}",
            "retitle {it} as {name}",
            "correct the name of {it}",
        ),
        (
            "{it} should be called {name}",
            "from now on {it} is called {name}",
            "the name of {it} is wrong",
            "its name is {name} now",
            "I want another name for {it}",
        ),
    ),
    "change": Verb(
        ("update", "edit", "set", "modify", "correct"),
        (
            "change {it}: {patch}",
            "set {patch} on {it}",
            "update {it} with {patch}",
            "change the amount of {it} to 1300",
            "set the amount to 1300",
            "update the currency of {it}",
            "correct the amount of {it}",
            "edit the attributes of {it}",
            "modify {it}, {patch}",
            "raise the amount of {it} to 1500",
            "make the amount 900",
        ),
        (
            "the amount of {it} should be 1300",
            "the amount is wrong, it is 1250",
            "{it} has another due date now",
            "the currency of {it} is USD now",
        ),
    ),
    "tag": Verb(
        ("label", "mark", "put a tag on"),
        (
            "tag {it} {tags}",
            "tag {it} as {tags}",
            "put the tag {tags} on {it}",
            "add the tags {tags} to {it}",
            "mark {it} as {tags}",
            "label {it} {tags}",
            "add a tag to {it}",
            "flag {it} as {tags}",
            "stick the label {tags} on {it}",
        ),
        ("{it} is {tags}, tag it", "{it} needs the tag {tags}", "{it} should have the tags {tags}"),
    ),
    "untag": Verb(
        ("take off a tag", "remove a tag", "unmark"),
        (
            "untag {it}",
            "take the tag {tags} off {it}",
            "remove the tag {tags} from {it}",
            "remove the tags {tags} from {it}",
            "unmark {it} as {tags}",
            "delete the label {tags} from {it}",
            "drop the tag {tags} from {it}",
            "clear the tag {tags} on {it}",
        ),
        (
            "{it} is no longer {tags}, take the tag off",
            "{it} should not have the tag {tags} any more",
            "the tag {tags} on {it} is wrong",
        ),
    ),
    "share": Verb(
        ("give access", "let see", "let edit", "invite"),
        (
            "share {it} with {account}",
            "share {it} with {account} as {role}",
            "give {account} access to {it}",
            "let {account} see {it}",
            "let {account} edit {it}",
            "make {account} an editor of {it}",
            "make {account} a viewer of {it}",
            "allow {account} to read {it}",
            "invite {account} to {it}",
            "show {it} to {account} too",
            "grant {account} the role {role} on {it}",
        ),
        ("{account} should be able to see {it}", "{account} may edit {it}", "{account} needs access to {it}"),
    ),
    "unshare": Verb(
        ("stop sharing", "take away access", "remove access"),
        (
            "unshare {it} with {account}",
            "stop sharing {it} with {account}",
            "take away the access of {account} to {it}",
            "remove {account} from {it}",
            "take {account} off {it}",
            "no longer let {account} see {it}",
            "withdraw the access of {account} to {it}",
            "lock {account} out of {it}",
        ),
        (
            "{account} should not see {it} any more",
            "{account} may no longer edit {it}",
            "I don't want to share {it} with {account} any longer",
        ),
    ),
    "transfer": Verb(
        ("hand over", "give to", "change the owner of"),
        (
            "transfer {it} to {account}",
            "hand {it} over to {account}",
            "make {account} the owner of {it}",
            "change the owner of {it} to {account}",
            "give {it} to {account} for good",
            "pass the ownership of {it} to {account}",
            "let {account} own {it}",
            "sign {it} over to {account}",
        ),
        (
            "{it} belongs to {account} now",
            "{account} is the new owner of {it}",
            "from now on {account} owns {it}",
            "{account} takes over {it}",
        ),
    ),
    "trash": Verb(
        ("delete", "remove", "throw away", "bin", "get rid of"),
        (
            "trash {it}",
            "delete {it}",
            "remove {it}",
            "throw {it} away",
            "get rid of {it}",
            "put {it} in the trash",
            "move {it} to the bin",
            "bin {it}",
            "throw out {it}",
            "discard {it}",
            "delete the {noun} for Rossi",
        ),
        ("I don't need {it} any more", "{it} can go", "{it} is not needed any longer", "away with {it}"),
    ),
    "restore": Verb(
        ("undelete", "bring back", "recover", "take out of the trash"),
        (
            "restore {it}",
            "bring {it} back",
            "undelete {it}",
            "take {it} out of the trash",
            "recover {it}",
            "get {it} back from the bin",
            "rescue {it} from the trash",
            "put {it} back where it was",
        ),
        (
            "I deleted {it} by mistake",
            "I need {it} again after all",
            "{it} should not be in the trash",
            "deleting {it} was a mistake, get it back",
        ),
    ),
    "revert": Verb(
        ("undo", "go back to", "roll back", "reset to"),
        (
            "revert {it} to version {to_version}",
            "roll {it} back to version {to_version}",
            "go back to version {to_version} of {it}",
            "undo the last change to {it}",
            "undo my changes to {it}",
            "reset {it} to version {to_version}",
            "make {it} what it was at version {to_version}",
            "take back the changes to {it}",
            "set {it} back to how it was before",
        ),
        (
            "{it} was better before",
            "I want version {to_version} of {it} back",
            "the last change to {it} was wrong, undo it",
        ),
    ),
    "define": Verb(
        ("describe", "set up", "specify"),
        (
            "define a {noun}",
            "define the {noun} {kind}",
            "define the {noun} {role}",
            "define a {noun} called {kind}",
            "define a {noun} called {role}",
            "create a new {noun} {kind}",
            "create a {noun} {role} with the permissions {permissions}",
            "set up a new {noun}",
            "change the definition of the {noun} {kind}",
            "say what the {noun} {role} may do",
            "let the {noun} {role} do {permissions}",
            "make a new {noun} for us",
            "change the schema of the {noun} {kind}",
            "change what the {noun} {role} permits",
            "specify a {noun}",
        ),
        (
            "we need a new {noun}",
            "the {noun} {kind} has another field now",
            "the {noun} {role} should permit {permissions}",
            "there should be a {noun} called {kind}",
            "there should be a {noun} called {role}",
        ),
    ),
    "retire": Verb(
        ("abolish", "delete", "drop"),
        (
            "retire the {noun} {role}",
            "delete the {noun} {role}",
            "remove the {noun} {role} altogether",
            "abolish the {noun} {role}",
            "get rid of the {noun} {role}",
            "drop the {noun} {role}",
            "retire this {noun}",
            "delete this {noun}",
        ),
        (
            "nobody needs the {noun} {role} any more",
            "the {noun} {role} should permit nothing",
            "the {noun} {role} can go",
        ),
    ),
    "open_service": Verb(
        ("create a service account", "add a service"),
        (
            "open a service account",
            "open a service account called {name}",
            "create a service account for {name}",
            "add a service account named {name}",
            "set up an account for the program {name}",
            "make an account for a machine",
            "create a technical user {name}",
            "open an account for a script",
        ),
        ("the service {name} needs an account", "we have a new service {name}", "our importer needs its own account"),
    ),
    "revoke_sessions": Verb(
        ("sign out everywhere", "log out everywhere", "end all sessions"),
        (
            "revoke all sessions",
            "sign me out everywhere",
            "log out all my devices",
            "end all sessions of {it}",
            "revoke all sessions of {it}",
            "sign {it} out everywhere",
            "log {it} out on every device",
            "kick {it} out of all devices",
            "end every session I have",
        ),
        ("somebody else uses my account, end all sessions", "I lost my phone, sign me out everywhere"),
    ),
    "suspend": Verb(
        ("block", "lock", "disable", "freeze"),
        (
            "suspend {it}",
            "block {it}",
            "lock {it}",
            "disable {it}",
            "freeze {it} for now",
            "lock {it} out of the service",
            "suspend the account of {it}",
            "put {it} on hold",
        ),
        ("{it} must not sign in for now", "{it} should do nothing until further notice", "{it} is to be blocked"),
    ),
    "reinstate": Verb(
        ("unblock", "unlock", "enable", "unsuspend"),
        (
            "reinstate {it}",
            "unblock {it}",
            "unlock {it}",
            "enable {it} again",
            "unfreeze {it}",
            "let {it} in again",
            "lift the suspension of {it}",
            "unsuspend {it}",
        ),
        ("{it} may work again", "{it} should no longer be suspended", "the suspension of {it} is over"),
    ),
    "close": Verb(
        ("end", "shut", "terminate"),
        (
            "close {it}",
            "close {it} for good",
            "shut {it} down",
            "terminate {it}",
            "end {it} for ever",
            "deregister {it}",
            "cancel {it}",
            "sign {it} off for good",
        ),
        ("{it} has left the company", "{it} is not coming back, close the account", "I want out, close my account"),
    ),
    "erase": Verb(
        ("forget", "wipe", "delete all personal data of"),
        (
            "erase {it}",
            "erase everything personal of {it}",
            "forget all about {it}",
            "wipe all personal data of {it}",
            "delete all my personal data",
            "delete everything you have about {it}",
            "make the data of {it} unreadable",
            "erase {it} from all of history",
        ),
        (
            "I want to be forgotten",
            "{it} has a right to be forgotten",
            "nothing personal of {it} must be left",
        ),
    ),
    "give_role": Verb(
        ("appoint", "promote", "assign a role"),
        (
            "give {it} the role {role}",
            "give the role {role} to {it}",
            "appoint {it} {role}",
            "promote {it} to {role}",
            "assign the role {role} to {it}",
            "add the role {role} to {it}",
            "grant {it} the role {role}",
            "make {it} an {role} of the service",
        ),
        ("{it} should get the role {role}", "{it} is {role} from now on", "{it} needs the rights of an {role}"),
    ),
    "take_role": Verb(
        ("demote", "remove a role", "unassign a role"),
        (
            "take the role {role} from {it}",
            "take the role {role} away from {it}",
            "remove the role {role} from {it}",
            "demote {it} from {role}",
            "unassign the role {role} from {it}",
            "withdraw the role {role} of {it}",
            "strip {it} of the role {role}",
        ),
        (
            "{it} should lose the role {role}",
            "{it} is no {role} any more",
            "{it} should not be {role} any longer",
            "the role {role} of {it} ends today",
        ),
    ),
    "revoke": Verb(
        ("invalidate", "end", "cancel"),
        (
            "revoke {it}",
            "revoke the {noun}",
            "invalidate {it}",
            "cancel the {noun}",
            "end the {noun}",
            "make the {noun} stop working",
            "deactivate the {noun}",
            "revoke my {noun}",
            "kill the {noun}",
        ),
        ("the {noun} has leaked", "the {noun} must not work any more", "somebody stole my {noun}"),
    ),
    # ── queries ──────────────────────────────────────────────────────────────────────────────────────────────────────
    "list": Verb(
        ("show all", "find", "search", "which are there"),
        (
            "list the {nouns}",
            "show me my {nouns}",
            "show me all {nouns}",
            "list all {nouns}",
            "give me a list of {nouns}",
            "find {nouns}",
            "show the {nouns} we have",
        ),
        ("which {nouns} are there", "what {nouns} do I have", "how many {nouns} are there", "do we have any {nouns}"),
    ),
    "read": Verb(
        ("show", "open", "look at", "what is in"),
        (
            "show me {it}",
            "open {it}",
            "look at {it}",
            "read {it}",
            "tell me about {it}",
            "display {it}",
            "give me the details of {it}",
            "look up {it}",
        ),
        ("what is in {it}", "what does {it} say", "what do you know about {it}", "what about {it}"),
    ),
    "history": Verb(
        ("what happened to", "all versions", "log"),
        (
            "show me the history of {it}",
            "list all versions of {it}",
            "tell me what happened to {it}",
            "show every change ever made to {it}",
            "show me the past of {it}",
            "give me the log of {it}",
        ),
        (
            "what happened to {it}",
            "how did {it} come about",
            "which versions of {it} are there",
            "when was {it} last touched and by whom",
            "who did what to {it}",
        ),
    ),
    "changes": Verb(
        ("who changed", "when was it changed"),
        (
            "tell me who changed {field} of {it}",
            "find out who set {field} of {it}",
            "show me who changed {field} of {it} and when",
            "list the former values of {field} of {it}",
            "track {field} of {it} over time",
        ),
        (
            "who changed {field} of {it}",
            "when was {field} of {it} changed",
            "what was {field} of {it} before",
            "who set {field} in {it}",
            "since when is {field} of {it} like this",
            "who is to blame for {field} of {it}",
        ),
    ),
    "diff": Verb(
        ("compare", "what changed between", "difference"),
        (
            "compare version 1 and version 2 of {it}",
            "show me the difference between versions 2 and 5 of {it}",
            "compare {it} with what it was yesterday",
            "diff {it} from version 1 to version 3",
            "show what is different in {it} since last week",
            "compare {it} as of Monday with now",
        ),
        (
            "what changed in {it} since yesterday",
            "what is different in {it} compared to version 1",
            "how does {it} differ from version 2",
            "what has changed in {it} between Monday and Friday",
        ),
    ),
    # ── what some actions need beside their verb ─────────────────────────────────────────────────────────────────────
    "resource.read": Verb(
        says=(
            "who may see {it}",
            "who owns {it}",
            "who can edit {it}",
            "which tags does {it} have",
            "what is the amount of {it}",
        ),
    ),
    "resource.list": Verb(
        asks=(
            "search for {q}",
            "find everything about {q}",
            "look for {nouns} with {q}",
            "show me what is in the trash",
        ),
        says=("which {nouns} are tagged {tag}", "what does {owner} own", "what is overdue", "what is shared with me"),
    ),
    "kind.read": Verb(
        says=(
            "which fields does the {noun} {kind} have",
            "what does the {noun} {kind} look like",
            "what attributes must the {noun} {kind} have",
        ),
    ),
    "kind.version": Verb(
        asks=(
            "show me version {version} of the {noun} {kind}",
            "open definition {version} of the {noun} {kind}",
            "read the old definition of the {noun} {kind}",
            "show an earlier definition of the {noun} {kind}",
            "give me version {version} of the definition of {kind}",
        ),
        says=(
            "what did version {version} of the {noun} {kind} look like",
            "which fields had version {version} of the {noun} {kind}",
            "how was the {noun} {kind} defined at version {version}",
            "what was the definition of {kind} before",
        ),
    ),
    "account.me": Verb(
        ("who am I", "my account", "my profile"),
        (
            "show me my account",
            "show my profile",
            "open my own account",
            "tell me who I am",
            "show what you know about me",
        ),
        (
            "who am I",
            "which roles do I have",
            "what may I do here",
            "what is my account id",
            "under which name am I signed in",
        ),
    ),
    "account.export": Verb(
        ("download", "everything about", "data export"),
        (
            "export {it}",
            "export everything known of {it}",
            "give me all the data you keep on {it}",
            "download my data",
            "prepare a copy of all personal data of {it}",
            "export my personal data",
        ),
        ("I want a copy of my data", "which data of mine do you store", "{it} asks for a copy of all their data"),
    ),
    "session.list": Verb(
        says=("where am I signed in", "which devices am I signed in on", "is somebody else signed in as me"),
    ),
    "apikey.list": Verb(says=("which programs have a key of mine", "when do my keys expire")),
    "login.list": Verb(
        says=(
            "has somebody tried to get into my account",
            "did anyone try to sign in as me",
            "who guessed at my password",
        ),
    ),
    "role.read": Verb(
        says=("what may the {noun} {role} do", "which permissions does {role} have", "what does {role} permit")
    ),
    "audit.list": Verb(
        ("who asked what", "audit trail"),
        (
            "show me the audit trail",
            "show the audit log",
            "list the commands that {actor} asked",
            "list all rejected commands",
            "show what was refused today",
            "find the requests from the network address {address}",
            "audit what {actor} did",
        ),
        (
            "who asked what",
            "what did {actor} do since yesterday",
            "which commands were rejected",
            "who has been working on behalf of {on_behalf_of}",
            "which requests came from {address}",
        ),
    ),
    "audit.command": Verb(
        ("follow a request",),
        (
            "follow the request {command_id}",
            "show me what became of the command {command_id}",
            "trace the command {command_id}",
            "audit the request {command_id}",
            "find out what the command {command_id} caused",
        ),
        (
            "what became of the request {command_id}",
            "who asked the command {command_id}",
            "what came of {command_id}",
            "what did the command {command_id} lead to",
        ),
    ),
    "audit.subject": Verb(
        ("audit a subject",),
        (
            "audit {it}",
            "show the auditor's view of {it}",
            "show me the subject {it} of the domain {domain}",
            "look into {it} as an auditor",
            "inspect the subject {it}",
        ),
        (
            "what is the state of the subject {it}",
            "what did the subject {it} of {domain} look like",
            "as an auditor, what is {it}",
            "what stands in the journal of {domain} about {it}",
        ),
    ),
    "audit.subject_changes": Verb(
        ("audit a field",),
        (
            "audit who changed {field} of the subject {it}",
            "list for the audit who set {field} of {it}",
            "audit the changes to {field} of {it}",
            "audit every change of {field} of {domain} {it}",
            "trace {field} of the subject {it} for the audit",
        ),
        (
            "as an auditor, who changed {field} of {it}",
            "who changed {field} of the subject {it} of {domain}",
            "for the audit, what was {field} of {it} before",
        ),
    ),
    "audit.subject_diff": Verb(
        ("audit a difference",),
        (
            "audit what changed of the subject {it}",
            "compare two moments of the subject {it} for the audit",
            "audit the difference of {domain} {it} between version 1 and 3",
            "diff the subject {it} of {domain}",
            "compare the subject {it} before and after",
        ),
        (
            "as an auditor, what changed of {it}",
            "for the audit, how does {it} differ from version 1",
            "what changed of the subject {it} of {domain} since Monday",
        ),
    ),
    "checkpoint.list": Verb(says=("which checkpoints were signed", "when was the last checkpoint signed")),
    "checkpoint.read": Verb(
        asks=(
            "show me checkpoint {number}",
            "open the checkpoint number {number}",
            "give me the signed checkpoint {number}",
        ),
        says=("what does checkpoint {number} sign", "which roots are in checkpoint {number}"),
    ),
    "subscriber.list": Verb(
        says=("who is listening to the facts", "who subscribes to facts", "how far behind are the listeners"),
    ),
}
"""How people ask for a verb, or for one action by its whole name."""
