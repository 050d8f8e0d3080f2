"""Find the headings that are a task's own Input and Output, among those that its texts contain.

The own heading is the one with the task's number, or in the style of the other tasks.
"""

from collections import Counter
from collections.abc import Sequence

from helpers.data.reply_parsing.headings import Heading
from helpers.data.reply_parsing.task_splitting import TaskSection

OutputStyle = tuple[str, bool, str]  # name, whether a number stands before it, signs


def output_style(heading: Heading) -> OutputStyle:
    """The part of a heading's style that the Output headings of a list share."""
    return heading.style.name, heading.style.number_before, heading.style.signs


def common_output_style(sections: Sequence[TaskSection]) -> OutputStyle | None:
    """The style of Output headings that most tasks of a list have.

    Returns None if no two tasks have the same.
    """
    styles = [[output_style(heading) for heading in section.of("output")] for section in sections]
    tasks_with = Counter(style for of_task in styles for style in dict.fromkeys(of_task))
    first_of = Counter(of_task[0] for of_task in styles if of_task)
    best = max(tasks_with, key=lambda style: (tasks_with[style], first_of[style]), default=None)
    return best if best and tasks_with[best] > 1 else None


def own_output(section: TaskSection, common_style: OutputStyle | None) -> Heading | None:
    """The Output heading of a task: by its style, its number or its name, otherwise the first."""
    outputs, inputs = section.of("output"), section.of("input")
    if not outputs:
        return None
    given = inputs[0] if inputs else None
    if given and given.start > outputs[0].start and not _is_in_instruction(outputs, given):
        given = None

    def evidence(heading: Heading) -> tuple[bool, bool, bool, bool, int]:
        """Reasons why a heading is the task's own, the best first."""
        after_input = given is not None and heading.start > given.start
        numbered = heading.style.number_before
        return (
            output_style(heading) == common_style,
            given is not None and after_input and heading.shared_style == given.shared_style,
            numbered and heading.number == section.number,
            numbered,
            heading.certainty if after_input else 0,
        )

    return max(outputs, key=evidence)


def own_input(section: TaskSection, output: Heading) -> Heading | None:
    """The Input heading of a task. A few models call it Context, or put it after the Output."""
    inputs = section.of("input")
    before = [heading for heading in inputs if heading.start < output.start]
    if before:
        numbered = output.style.number_before
        return max(before, key=lambda heading: heading.style.number_before == numbered)
    alike = [h for h in section.of("context", "input") if h.shared_style == output.shared_style]
    contexts = [h for h in alike if h.kind == "context" and h.start < output.start]
    if contexts:
        return contexts[0]
    after = [heading for heading in alike if heading.kind == "input"]
    is_last = len(after) == 1 and section.of("output")[-1].start < after[0].start
    return after[0] if is_last and (output.decorated or output.style.number_before) else None


def _is_in_instruction(outputs: Sequence[Heading], given: Heading) -> bool:
    """Whether the first Output stands before the Input because the instruction mentions it."""
    after = [heading for heading in outputs if heading.start > given.start]
    return any(
        heading.certainty > outputs[0].certainty and heading.shared_style == given.shared_style
        for heading in after
    )
