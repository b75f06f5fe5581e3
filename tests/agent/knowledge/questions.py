"""What people ask of the project's own documents, where it is answered, and what no document answers."""

ANSWERED = {
    "How do I revoke an API key?": {"docs/identity.md"},
    "What happens to a person's data when they are erased?": {"docs/identity.md", "docs/proofs.md", "README.md"},
    "How do I turn on a second factor?": {"docs/identity.md"},
    "Can people sign in with our company's OpenID Connect provider?": {"docs/identity.md"},
    "How often is a checkpoint signed?": {"docs/proofs.md", "README.md"},
    "How do I verify an exported file without the servers?": {"docs/proofs.md", "README.md"},
    "How do I build a second version of a read model?": {
        "docs/repairing.md",
        "docs/decisions/0009-projection-versions.md",
    },
    "What do I do with a fact that cannot be applied?": {"docs/repairing.md", "README.md"},
    "How do I roll back a projection?": {"docs/repairing.md"},
    "Can I replay a topic to a file?": {"docs/replaying.md", "README.md"},
    "How do I listen to facts in a browser?": {"docs/subscribing.md"},
    "How does a subscriber go on after its connection was cut?": {"docs/subscribing.md", "README.md"},
    "How can I see what a resource was last week?": {"docs/history.md"},
    "Who changed the amount of an invoice?": {"docs/history.md"},
    "How do I give each process a user in Kafka?": {"docs/production-kafka.md"},
    "How is the password of a Kafka user changed?": {"docs/production-kafka.md"},
    "How do I add a new domain?": {"docs/adding-a-domain.md"},
    "How long must a password be?": {"docs/security.md", "docs/identity.md"},
    "Can I load an ElizaOS character file?": {"docs/characters.md"},
    "Where are the secrets of a character kept?": {"docs/characters.md"},
    "How do I write an action for the agent in Python?": {"docs/actions.md"},
    "What does an auditor find about refused requests?": {"docs/history.md", "README.md"},
}

UNANSWERED = (
    "What is the capital of Australia?",
    "How do I bake sourdough bread?",
    "Who won the football match yesterday?",
    "Who painted the Mona Lisa?",
    "Recommend a good restaurant in Rome.",
    "How tall is Mount Everest?",
    "When does the next train to Vienna leave?",
    "What is the best treatment for a cold?",
    "Tell me a joke about cats.",
    "How do I change the oil of my car?",
    "What is the plot of Hamlet?",
    "How many calories are in an apple?",
)
