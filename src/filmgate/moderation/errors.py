"""What the policies say to a client: a refusal, which is final, or that nobody could decide just now."""

from typing import ClassVar

from filmgate.core.errors import InvalidRequest, ServiceUnavailable


class PromptBlocked(InvalidRequest):
    """A stage of the prompt policy refused the prompt; the message names the stage."""

    code: ClassVar[str] = "moderation_blocked"

    def __init__(self, stage: str) -> None:
        super().__init__(
            "prompt",
            f"The prompt was refused by the {stage} of this server. Change it to be let through.",
        )
        self.stage = stage


class ImageRejected(InvalidRequest):
    """The picture, or the film, shows a face, and this server takes none."""

    code: ClassVar[str] = "image_rejected"

    def __init__(self, param: str, what: str) -> None:
        super().__init__(
            param,
            f"{param}: {what} This server takes no faces, and cannot tell a photograph of one "
            "from a drawing: send something without a face.",
        )


class ModerationUnavailable(ServiceUnavailable):
    """A stage gave no verdict, and without one nothing is accepted."""
