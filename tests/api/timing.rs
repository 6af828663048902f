//! The time of an answer does not tell which addresses are known (reliability R20): pairs of a known and an unknown address, one
//! after the other, and how often the known one is the slower (the area under the curve; a half when nobody can tell).

mod long {
    use std::cmp::Ordering;
    use std::time::{Duration, Instant};

    use serde_json::json;

    use crate::support::app::{DEAR_HASHES, TestApp};
    use crate::support::person::Person;

    const PAIRS: usize = 300;
    const REPEATS: usize = 3;

    #[derive(Debug, Clone, Copy)]
    enum Flow {
        Login,
        Forgot,
        Resend,
        Register,
    }

    async fn time(person: &Person, flow: Flow) -> Duration {
        let began = Instant::now();
        let address = json!({ "email": person.email });
        match flow {
            Flow::Login => person.login("not the password").await.expect(401),
            Flow::Forgot => person.post("/v1/auth/password/forgot", address).await.expect(202),
            Flow::Resend => person.post("/v1/auth/verify-email/resend", address).await.expect(202),
            Flow::Register => person.register("client").await.expect(202),
        };
        began.elapsed()
    }

    /// Mann-Whitney: the chance that a known address takes longer than an unknown one.
    fn area(known: &[Duration], unknown: &[Duration]) -> f64 {
        let pairs = known.iter().flat_map(|one| unknown.iter().map(move |other| one.cmp(other)));
        let (mut wins, mut all) = (0.0, 0.0);
        for order in pairs {
            all += 1.0;
            wins += match order {
                Ordering::Greater => 1.0,
                Ordering::Equal => 0.5,
                Ordering::Less => 0.0,
            };
        }
        wins / all
    }

    async fn once(app: &TestApp, flow: Flow) -> f64 {
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        for pair in 0..PAIRS {
            // An address is mailed to only so often, and becomes known by signing up: each pair has its own.
            let (ours, nobody) = (app.registered("client").await, app.anonymous());
            for turn in [pair % 2 == 0, pair % 2 != 0] {
                let (person, times) = if turn { (&ours, &mut known) } else { (&nobody, &mut unknown) };
                times.push(time(person, flow).await);
            }
        }
        area(&known, &unknown)
    }

    async fn nobody_can_tell(flow: Flow) {
        let app = TestApp::with(&[DEAR_HASHES]).await;
        let mut areas = Vec::new();
        for _ in 0..REPEATS {
            areas.push(once(&app, flow).await);
        }
        println!("{flow:?}: {areas:.3?}");
        areas.sort_by(f64::total_cmp);
        // By chance alone one of three such areas leaves these bounds now and then, two of three hardly ever.
        assert!((0.45..=0.55).contains(&areas[REPEATS / 2]), "{flow:?}: {areas:?}");
    }

    #[actix_web::test]
    async fn a_sign_in_takes_as_long_for_an_unknown_address() {
        nobody_can_tell(Flow::Login).await;
    }

    #[actix_web::test]
    async fn a_forgotten_password_takes_as_long_for_an_unknown_address() {
        nobody_can_tell(Flow::Forgot).await;
    }

    #[actix_web::test]
    async fn another_verification_takes_as_long_for_an_unknown_address() {
        nobody_can_tell(Flow::Resend).await;
    }

    #[actix_web::test]
    async fn a_sign_up_takes_as_long_for_a_known_address() {
        nobody_can_tell(Flow::Register).await;
    }

    #[test]
    fn the_area_can_see() {
        let millis = |from: u64| (from..from + 100).map(Duration::from_millis).collect::<Vec<_>>();
        assert!((area(&millis(0), &millis(0)) - 0.5).abs() < 1e-9);
        assert!(area(&millis(10), &millis(0)) > 0.55 && area(&millis(0), &millis(200)) < 0.01);
    }
}
