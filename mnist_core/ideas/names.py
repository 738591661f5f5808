"""All ideas by name, as a lesson calls them: where each is shown, under which title, and which controls may be set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mnist_core.messages import N_

# Folder of ideas → page that shows them, by the name of its file.
PAGES: Mapping[str, str] = {
    "two_inputs": "two_inputs",
    "data": "data",
    "loss": "loss_and_gradients",
    "architecture": "architecture",
    "batch_size": "batch_size",
    "stability": "why",
}


@dataclass(frozen=True)
class IdeaName:
    """What is known of an idea without drawing it.

    `folder`: its folder below this one. `view`: the word for it in its page's address, which old links have. `title`: on the page's
    switch. `controls`: the names, with spaces between, of those that may be told where to begin.
    """

    folder: str
    view: str
    title: str
    controls: str = ""

    @property
    def name(self) -> str:
        """What a lesson calls it, and the beginning of its keys."""
        return self.folder.partition("/")[2]

    @property
    def page(self) -> str:
        """File of the page that shows it."""
        return PAGES[self.folder.partition("/")[0]]

    @property
    def is_alone(self) -> bool:
        """Whether its page shows no other."""
        return sum(other.page == self.page for other in NAMES.values()) == 1


# In the order in which a page's switch has them.
NAMES: Mapping[str, IdeaName] = {
    idea.name: idea
    for idea in (
        IdeaName(
            "two_inputs/plane",
            "plane",
            N_("Two inputs"),
            "shown data noise features layers units_0 units_1 units_2 units_3 activation loss rate batch regularization strength"
            " seed speed test_points painted",
        ),
        IdeaName("data/samples", "samples", N_("Samples"), "order hard rank_part rank_hard"),
        IdeaName("data/classes", "classes", N_("Classes"), "size shares mean_count one other"),
        IdeaName("data/pixel_values", "numbers", N_("Pixel values"), "image scale shown row column flatten_side"),
        IdeaName("data/pixel_scaling", "scales", N_("Pixel scaling"), "scale row column rate steps"),
        IdeaName("data/data_split", "heaps", N_("Train, validation and test split"), "cut leak_share leak_memory"),
        IdeaName("data/augmentation", "augmentation", N_("Augmentation"), "kind strength digits"),
        IdeaName("data/projection", "projection", N_("Projection"), "digits first second count numbers"),
        IdeaName("loss/perceptron", "perceptron", N_("A perceptron"), "activation w1 w2 b picture"),
        IdeaName("loss/cross_entropy", "classes", N_("From logits to loss"), "target logit_0 logit_1 logit_2"),
        IdeaName(
            "loss/binary_cross_entropy",
            "binary",
            N_("Binary cross-entropy: confident and wrong"),
            "target probability log",
        ),
        IdeaName("loss/local_minima", "valleys", N_("Local minima"), "start rate steps"),
        IdeaName("loss/backpropagation", "backprop", N_("Backpropagation"), "x1 x2 target rate activation loss stage"),
        IdeaName("loss/gradient_check", "check", N_("Numerical gradient"), "hidden step"),
        IdeaName("loss/from_scratch", "scratch", N_("From scratch"), "rate iterations"),
        IdeaName(
            "architecture/layers",
            "layers",
            N_("Layers and units"),
            "task depth units_0 units_1 units_2 units_3 batch optimizer measure",
        ),
        IdeaName(
            "architecture/depth_and_width",
            "grid",
            N_("Depth × width"),
            "depths widths images epochs rate seeds measure accuracy",
        ),
        IdeaName(
            "architecture/mlp_or_cnn",
            "equal",
            N_("MLP vs. CNN"),
            "filters_0 filters_1 kernel units depth images epochs seed",
        ),
        IdeaName(
            "architecture/convolution",
            "convolution",
            N_("How a convolution works"),
            "image kernel side stride padding row column",
        ),
        IdeaName(
            "architecture/optimizer_paths",
            "valley",
            N_("Optimizer trajectories"),
            "kind shown rate adaptive_rate momentum decay steps",
        ),
        IdeaName("architecture/optimizer_race", "race", N_("Comparing optimizers"), "images epochs factor"),
        IdeaName("batch_size/updates_per_epoch", "updates", N_("Updates per epoch"), "train_size batch_size epochs"),
        IdeaName("batch_size/gradient_noise", "noise", N_("Gradient noise"), "batch steps"),
        IdeaName(
            "batch_size/batch_paths",
            "paths",
            N_("Full batch, mini-batch, single examples"),
            "equal batch rate steps points",
        ),
        IdeaName("batch_size/batch_times", "seconds", N_("Seconds per epoch"), "units"),
        IdeaName("batch_size/batch_race", "race", N_("Equal epochs, equal updates"), "images epochs rate"),
        IdeaName("stability/bowl", "bowl", N_("A quadratic bowl"), "weights curvature rate momentum start steps"),
        IdeaName("stability/sharpness", "sharpness", N_("Sharpness")),
        IdeaName("stability/landscape", "landscape", N_("Loss landscape"), "plane"),
        IdeaName("stability/inside_layers", "inside", N_("Inside the layers")),
    )
}
