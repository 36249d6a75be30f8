#!/usr/bin/env bash
@options@
@before@
@login@
@before_build@
@build@
@before_push@
@push@
@digest@
@after@
