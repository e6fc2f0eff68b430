"""`hdrcli weights`: the weights files that come with hdrcli, and whether they are whole."""

from __future__ import annotations

import typer

from hdrcli.cli import console, options, usage
from hdrcli.errors import WeightsError

app = typer.Typer(cls=usage.Commands, help="List and verify weights files.", no_args_is_help=False)


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

    folder = weights.folder()
    found = []
    for model in catalogue.all_models():
        for tag, row in model.weights.items():
            file = folder / row.file
            is_there = file.is_file()
            status = "missing" if not is_there else "good" if weights.digest(file) == row.sha256 else "damaged"
            found.append({"model": model.name, "tag": tag, "file": str(file), "status": status})
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
