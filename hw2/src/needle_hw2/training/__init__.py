"""A training loop that can be left at any batch, and what shows and keeps its results.

The loop, `Trainer`, knows nothing of what is learnt: a task, a function of the model and a batch,
says that. `train` puts a screen, checkpoints, logs and curves around it::

    def task(model, batch):
        X, y = batch
        return Outcome(loss(model(X), y), len(y))

    trainer = Trainer(model, task, optimizer, training, test)
    train(trainer, 10, make_screen(Console(), 10), Folder("results"))
"""

from needle_hw2.training.folder import Folder as Folder
from needle_hw2.training.screen import Screen as Screen
from needle_hw2.training.screen import make_screen as make_screen
from needle_hw2.training.session import train as train
from needle_hw2.training.task import Outcome as Outcome
from needle_hw2.training.trainer import DivergedError as DivergedError
from needle_hw2.training.trainer import Step as Step
from needle_hw2.training.trainer import Trainer as Trainer
