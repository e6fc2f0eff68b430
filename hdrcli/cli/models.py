"""`hdrcli models`: what there is to fuse with, what each network was trained on and how it scored."""

from __future__ import annotations

from hdrcli.cli import console, options


def models(json: options.Json = False, long: options.Long = False, debug: options.Debug = False) -> None:
    """Show networks and classical fusers, with licences and scores."""
    from hdrcli.cli import catalogue  # only now: it loads the models

    if json:
        console.print_json({"models": [catalogue.model_json(model) for model in catalogue.all_models()]})
        return
    out = console.product()
    catalogue.show_models(out)
    if long:
        out.print()
        catalogue.show_sources(out)
    out.print()
    catalogue.show_weights(out)
