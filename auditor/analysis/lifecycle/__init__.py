"""Plays an ECR lifecycle policy forward over the images of a repository: what goes, when, and by which rule.

Source: "Automate the cleanup of images by using lifecycle policies" and "Lifecycle policy properties" of the ECR
user guide (the evaluation rules), and "Archiving an image". How each of them is read here:

- All rules are evaluated at once; an image that satisfies a rule's tags and storage class belongs to that rule,
  and no rule with a higher number takes it. It still counts for those.
- The storage class is part of what a rule selects ("the rule will only select images of this storage class"), so a
  rule on the standard class does not claim archived images. Only `sinceImageTransitioned` selects archived ones.
- Older than N days is meant strictly: an image of exactly N days stays until the next run.
- An image that was restored from the archive is dated by `lastActivatedAt`, for order and for age: restored images
  "behave like newly pushed images". One that is being restored counts as restored now.
- What an index names is kept while the index stands in the standard class, and can go a run later ("without the
  manifest list being deleted or archived first").
- A referrer is not taken by itself: it goes, or is archived, with its subject ("automatically expire or archive
  those artifacts within 24 hours"). Where the subject is not there it is an image as any other.
- Signatures in cosign's tag scheme are ordinary tagged images.
- Patterns and prefixes are case-sensitive.

There is a run every day, the first at the snapshot's own time. Nothing is pushed or pulled meanwhile. What was not
read is never guessed: such an image is not said to go, and a doubt says why.
"""
