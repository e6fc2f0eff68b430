"""`hdrcli weights`: the weights files that come with hdrcli, and whether they are whole."""

from __future__ import annotations

from pathlib import Path

import typer

from hdrcli.cli import console, options, training_options, typed_paths, usage
from hdrcli.errors import WeightsError, WriteError

app = typer.Typer(cls=usage.Commands, help="List, verify and import weights files.")


@app.callback(invoke_without_command=True)
def _weights(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command("list", cls=usage.Command)
def list_weights(json: options.Json = False, debug: options.Debug = False) -> None:
    """Show the weights of all networks: licence, training data, scores."""
    from hdrcli.cli import catalogue

    if json:
        rows = [catalogue.weights_json(model, tag) for model in catalogue.all_models() for tag in model.weights]
        console.print_json({"weights": rows})
    else:
        catalogue.show_weights(console.product())


@app.command(cls=usage.Command)
def verify(json: options.Json = False, debug: options.Debug = False) -> None:
    """Check the SHA-256 of every weights file; exit status 1 if one is missing or damaged."""
    from hdrcli import weights
    from hdrcli.cli import catalogue

    found = []
    for model in catalogue.all_models():
        for tag, row in model.weights.items():
            is_there = row.file.is_file()
            status = "missing" if not is_there else "good" if weights.digest(row.file) == row.sha256 else "damaged"
            found.append({"model": model.name, "tag": tag, "file": str(row.file), "status": status})
    if json:
        console.print_json({"weights": found})
    else:
        rows = console.table("Weights", "Status", "File")
        for one in found:
            rows.add_row(f"{one['model']} {one['tag']}", one["status"], console.plain(one["file"]))
        console.product().print(rows if found else "There are no weights yet.")
    bad = [one for one in found if one["status"] != "good"]
    for one in bad:
        console.say_error(WeightsError(f"{one['file']} is {one['status']}.", "Install hdrcli again."), debug=debug)
    if bad:
        raise typer.Exit(1)


@app.command(cls=usage.Command)
def cards(debug: options.Debug = False) -> None:
    """Print what is known of all weights as Markdown: it is weights/README.md."""
    from hdrcli.cli.cards import all_cards

    typer.echo(all_cards(), nl=False)


@app.command("import", cls=usage.Command)
def import_checkpoints(
    model: training_options.NetworkName,
    checkpoints: training_options.Checkpoints,
    output: training_options.WeightsFile = None,
    overwrite: options.Overwrite = False,
    debug: options.Debug = False,
) -> None:
    """Turn the checkpoints of a network's authors into a weights file; print its path."""
    target = Path(f"{model}_authors.safetensors") if output is None else typed_paths.folder("--output", output)
    if target.exists() and not overwrite:
        raise WriteError(f"{target} exists.", "Pass --overwrite, or another --output.")
    files = typed_paths.paths("CHECKPOINT", checkpoints)
    from hdrcli import plugins, weights
    from hdrcli.inputs import Inputs

    Inputs(files).refuse(target, "Pass another --output.")

    weights.import_authors(model, plugins.load("networks", model).NETWORK, files, target)
    typer.echo(target)
    console.say(f"Use it with: hdrcli fuse INPUT -m {model} --weights {target}")
