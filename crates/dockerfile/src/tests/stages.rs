use super::*;

#[test]
fn stages_and_what_they_need() {
    let file = "ARG BASE=debian\nFROM $BASE AS Build\nRUN x\nFROM build AS test\nCOPY --from=0 a b\nFROM scratch\nCOPY --from=BUILD a b\nCOPY --from=nginx:1 a b\nRUN --mount=from=test,target=/t y\nFROM golang:${V:-1} AS other\n";
    let parsed = parse(file);
    let bases: Vec<Base> = parsed.stages.iter().map(|s| s.base).collect();
    assert_eq!(bases, [Base::Image, Base::Stage(0), Base::Scratch, Base::Image]);
    assert_eq!(parsed.stages[0].image.as_str(), "debian");
    assert_eq!(parsed.stages[0].name.as_deref(), Some("build"));
    assert_eq!(parsed.stages[3].image.as_str(), "golang:1");
    let sources: Vec<StageSource> = parsed.stages[2].dependencies.iter().map(|d| d.source).collect();
    assert_eq!(sources, [StageSource::Stage(0), StageSource::Image, StageSource::Stage(1)]);
    assert_eq!(parsed.needed_stages(None).unwrap(), [3]);
    assert_eq!(parsed.needed_stages(Some("2")).unwrap(), [0, 1, 2]);
    assert_eq!(parsed.needed_stages(Some("TEST")).unwrap(), [0, 1]);
    assert_eq!(parsed.needed_stages(Some("nope")), Err(UnknownTarget("nope".to_owned())));
    let chain: Vec<usize> = parsed.chain(Some("test")).unwrap().iter().map(|s| s.index).collect();
    assert_eq!(chain, [0, 1]);
    let images = parsed.external_images();
    let found: Vec<(&str, Referrer, &str)> =
        images.iter().map(|i| (i.image.as_str(), i.referrer, at(file, i.span))).collect();
    assert_eq!(
        found,
        [
            ("debian", Referrer::From, "$BASE"),
            ("nginx:1", Referrer::Copy, "nginx:1"),
            ("golang:1", Referrer::From, "golang:${V:-1}"),
        ]
    );
    assert_eq!(parsed.global_args().len(), 1);
    assert_eq!(parsed.stage_of(4).map(|s| s.index), Some(1));
    assert!(parsed.stage_of(0).is_none());
}

#[test]
fn names_may_repeat() {
    let parsed = parse("FROM a AS x\nFROM x AS x\nFROM x\nCOPY --from=x a b\nFROM b AS x\n");
    let bases: Vec<Base> = parsed.stages.iter().map(|s| s.base).collect();
    assert_eq!(bases, [Base::Image, Base::Stage(0), Base::Stage(1), Base::Image]);
    assert_eq!(parsed.stages[2].dependencies[0].source, StageSource::Stage(1));
    assert_eq!(parsed.target(Some("x")).unwrap().index, 3);
}

#[test]
fn what_cannot_be_built_is_told() {
    let parsed = parse(
        "FROM a AS x\nCOPY --from=x a b\nCOPY --from=1 a b\nCOPY --from=$v a b\nCOPY --from=y a b\nFROM b AS y\nCOPY --from=0 a b\nCOPY --from= a b\n",
    );
    assert!(parsed.stages[0].dependencies.iter().all(|d| d.source == StageSource::Invalid));
    assert_eq!(parsed.stages[0].dependencies.len(), 4);
    assert_eq!(parsed.stages[1].dependencies.len(), 1);
}

#[test]
fn triggers_belong_to_the_child() {
    let parsed = parse(
        "FROM a AS p\nFROM b AS q\nONBUILD COPY --from=p /x /y\nONBUILD ENV T=1\nFROM q\nENV U=$T\nFROM q AS r\nFROM r\n",
    );
    assert!(parsed.stages[1].dependencies.is_empty());
    assert_eq!(parsed.stages[2].dependencies[0].source, StageSource::Stage(0));
    assert_eq!(parsed.stages[2].dependencies[0].instruction, 2);
    // A trigger is pulled once: not for the grandchild.
    assert!(parsed.stages[4].dependencies.is_empty());
    let resolution = parsed.resolve();
    assert_eq!(resolution.bindings().iter().filter(|b| b.name.as_str() == "T").count(), 2);
    let Kind::Env(pairs) = &parsed.instructions[5].kind else { panic!() };
    assert_eq!(resolution.expand(5, &pairs[0].value.raw).unwrap().as_str(), "1");
}

#[test]
fn shells() {
    let parsed = parse("FROM a AS x\nRUN 1\nSHELL [\"bash\", \"-c\"]\nRUN 2\nFROM x\nRUN 3\nFROM a\nRUN 4\n");
    let shell = |i| parsed.shell_at(i).map(|s| s.iter().map(|w| w.to_string()).collect::<Vec<_>>().join(" "));
    assert_eq!((shell(1), shell(3)), (None, Some("bash -c".to_owned())));
    assert_eq!((shell(5), shell(7)), (Some("bash -c".to_owned()), None));
}

#[test]
fn stages_and_triggers_have_limits() {
    assert_eq!(parse(&"FROM a\n".repeat(1_000)).stages.len(), 1_000);
    assert_eq!(error("FROM a\n".repeat(1_001).as_bytes()), (1_001, "more than 1000 stages".to_owned()));
    let triggers = format!("FROM a AS p\n{}{}", "ONBUILD USER x\n".repeat(1_000), "FROM p\n".repeat(101));
    assert_eq!(error(triggers.as_bytes()).0, 1_102);
}
