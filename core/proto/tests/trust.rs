//! Spaces, invitations, admissions and tickets, friendly and otherwise.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use dunlin_model::{DeviceId, DeviceKind, SpaceId};
use dunlin_proto::{
    limits::{
        MAX_CHAIN, MAX_NAME_BYTES, MAX_STATEMENT_BYTES, MAX_STATEMENTS, MAX_STATEMENTS_OF_MEMBER,
    },
    trust::{
        AdmissionError, IssueError, Profile, Role, Roster, StatementError, StatementHash, Ticket,
        TicketError, create_space, device_of,
    },
};

const NOW: i64 = 1_790_000_000_000;
const HOUR: i64 = 3_600_000;

fn seed(byte: u8) -> [u8; 32] {
    [byte; 32]
}

fn device(byte: u8) -> DeviceId {
    device_of(&seed(byte))
}

fn profile(name: &str) -> Profile {
    Profile { name: name.to_owned(), kind: DeviceKind::Human }
}

/// A space administered by device 1.
fn founded() -> Roster {
    create_space(&seed(100), "field work", device(1), &profile("one"), NOW).unwrap()
}

fn ticket(roster: &mut Roster, key: u8, role: Role, uses: u32, expires: Option<i64>) -> Ticket {
    let (invitation, _) = roster.invite(&seed(1), &seed(key), role, uses, expires, NOW).unwrap();
    let hints = vec!["192.168.1.7:4433".to_owned()];
    Ticket::new(roster, invitation, &seed(key), &[9; 32], hints).unwrap()
}

fn bytes(roster: &Roster) -> Vec<Vec<u8>> {
    roster.statements().map(|statement| statement.bytes.to_vec()).collect()
}

#[test]
fn the_creator_is_administrator_and_others_are_nothing() {
    let roster = founded();
    assert_eq!(roster.role(device(1)), Some(Role::Admin));
    assert_eq!(roster.role(device(2)), None);
    assert_eq!(roster.space_name(), Some("field work"));
    assert_eq!(roster.space(), SpaceId(device_of(&seed(100)).0));
    assert_eq!(roster.member(device(1)).unwrap().profile, profile("one"));
}

#[test]
fn a_ticket_holder_joins_offline_and_any_member_admits_it() {
    let mut inviter = founded();
    let line = ticket(&mut inviter, 50, Role::Writer, 2, Some(NOW + HOUR)).to_string();
    assert!(line.starts_with("dunlin1") && !line.contains(char::is_whitespace));

    let ticket: Ticket = line.parse().unwrap();
    assert_eq!(ticket.content().space_name, "field work");
    assert_eq!(ticket.content().role, Role::Writer);
    assert_eq!(ticket.hints(), ["192.168.1.7:4433"]);
    assert_eq!(ticket.secret(), &[9; 32]);
    let second = ticket.join(&seed(2), &profile("two"), NOW + 1).unwrap();
    let third = ticket.join(&seed(3), &profile("three"), NOW + 2).unwrap();
    assert_eq!(second.roster.role(device(2)), Some(Role::Writer));

    // Not the inviter but the second device, itself fresh, admits the third.
    let mut admitting = second.roster.clone();
    let chain = third.roster.chain(device(3));
    let new = admitting.admit(&chain, device(3), NOW + 3).unwrap();
    assert_eq!(new.len(), 1);
    assert_eq!(admitting.role(device(3)), Some(Role::Writer));
    assert!(admitting.admit(&chain, device(3), NOW + 4).unwrap().is_empty());

    // The inviter learns of both by relay and agrees.
    for statement in bytes(&admitting) {
        inviter.add(&statement).unwrap();
    }
    assert_eq!(inviter.fingerprint(), admitting.fingerprint());
    assert!(inviter.over_used().is_empty());
    assert_eq!(inviter.members().count(), 3);
}

#[test]
fn the_order_of_arrival_does_not_matter_and_a_missing_link_is_named() {
    let mut roster = founded();
    let joined =
        ticket(&mut roster, 50, Role::Admin, 1, None).join(&seed(2), &profile("two"), NOW).unwrap();
    let mut deep = joined.roster.clone();
    deep.invite(&seed(2), &seed(51), Role::Reader, 1, None, NOW).unwrap();
    deep.grant(&seed(2), device(4), Role::Reader, &profile("four"), NOW).unwrap();
    let all = bytes(&deep);

    let mut other = Roster::new(deep.space());
    assert!(matches!(other.add(&all[2]), Err(StatementError::UnknownAuthority(_))));
    for index in [0, 1, 2, 4, 3] {
        assert_eq!(other.add(&all[index]), Ok(true));
        assert_eq!(other.add(&all[index]), Ok(false));
    }
    assert_eq!(other.fingerprint(), deep.fingerprint());
    assert!(other.members().eq(deep.members()));
    assert!(other.forks().is_empty());
}

#[test]
fn only_administrators_invite_and_grant() {
    let mut roster = founded();
    for (key, device_seed, role) in [(50, 2, Role::Reader), (51, 3, Role::Writer)] {
        let joined = ticket(&mut roster, key, role, 1, None)
            .join(&seed(device_seed), &profile("x"), NOW)
            .unwrap();
        roster = joined.roster;
        let before = roster.fingerprint();
        let refused = IssueError::NotPermitted { device: device(device_seed), role: Some(role) };
        assert_eq!(
            roster.invite(&seed(device_seed), &seed(60), Role::Reader, 1, None, NOW),
            Err(refused.clone())
        );
        assert_eq!(
            roster.grant(&seed(device_seed), device(9), Role::Reader, &profile("y"), NOW),
            Err(refused)
        );
        assert_eq!(roster.fingerprint(), before);
    }
    let stranger = IssueError::NotPermitted { device: device(8), role: None };
    assert_eq!(roster.invite(&seed(8), &seed(60), Role::Reader, 1, None, NOW), Err(stranger));
}

/// A writer forges what the API refuses: a roster in which it is administrator by another root of
/// its own making shares no space with the honest one, and nothing it signs stands.
#[test]
fn a_statement_that_exceeds_its_issuers_role_does_not_stand() {
    let mut honest = founded();
    let joined = ticket(&mut honest, 50, Role::Writer, 1, None)
        .join(&seed(2), &profile("two"), NOW)
        .unwrap();
    honest = joined.roster;
    // Same space id claimed, root signed by the wrong key: the signature fails.
    let root = honest.statements().next().unwrap().bytes.to_vec();
    let mut forged = root.clone();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    let mut roster = Roster::new(honest.space());
    assert_eq!(roster.add(&forged), Err(StatementError::Signature));

    let mut other = create_space(&seed(101), "other", device(2), &profile("two"), NOW).unwrap();
    let (_, invitation) = other.invite(&seed(2), &seed(60), Role::Admin, 1, None, NOW).unwrap();
    assert_eq!(honest.add(&invitation), Err(StatementError::OtherSpace(other.space())));
}

#[test]
fn expiry_is_judged_by_the_admitting_member_and_not_for_relayed_statements() {
    let mut inviter = founded();
    let joined = ticket(&mut inviter, 50, Role::Writer, 1, Some(NOW + HOUR))
        .join(&seed(2), &profile("two"), NOW + 1)
        .unwrap();
    let chain = joined.roster.chain(device(2));

    let mut late = inviter.clone();
    let expired = AdmissionError::Expired { at_ms: NOW + HOUR };
    assert_eq!(late.admit(&chain, device(2), NOW + HOUR + 1), Err(expired));
    assert_eq!(late.fingerprint(), inviter.fingerprint());

    // A clock before the invitation was made is not set: it judges nothing.
    assert!(inviter.clone().admit(&chain, device(2), 0).is_ok());
    assert!(inviter.admit(&chain, device(2), NOW + HOUR).is_ok());
    for statement in bytes(&inviter) {
        late.add(&statement).unwrap();
    }
    assert_eq!(late.role(device(2)), Some(Role::Writer));
    assert_eq!(late.admit(&chain, device(2), NOW + 2 * HOUR).unwrap().len(), 0);
}

#[test]
fn a_used_up_invitation_admits_nobody_here_but_over_use_elsewhere_is_shown_not_undone() {
    let mut inviter = founded();
    let ticket = ticket(&mut inviter, 50, Role::Writer, 1, None);
    let [second, third] = [2, 3].map(|byte| {
        let joined = ticket.join(&seed(byte), &profile("x"), NOW).unwrap();
        joined.roster.chain(device(byte))
    });
    let mut here = inviter.clone();
    here.admit(&second, device(2), NOW).unwrap();
    assert_eq!(here.admit(&third, device(3), NOW), Err(AdmissionError::UsedUp { uses: 1 }));
    assert_eq!(here.role(device(3)), None);

    let mut there = inviter.clone();
    there.admit(&third, device(3), NOW).unwrap();
    for statement in bytes(&there) {
        here.add(&statement).unwrap();
    }
    assert_eq!(here.members().count(), 3);
    let over = here.over_used();
    assert_eq!(over.len(), 1);
    assert_eq!(over[0].uses, 1);
    assert_eq!(over[0].devices.len(), 2);
}

#[test]
fn a_chain_of_another_device_admits_nobody() {
    let mut inviter = founded();
    let joined = ticket(&mut inviter, 50, Role::Writer, 1, None)
        .join(&seed(2), &profile("two"), NOW)
        .unwrap();
    let chain = joined.roster.chain(device(2));
    let mut roster = inviter.clone();
    assert_eq!(roster.admit(&chain, device(3), NOW), Err(AdmissionError::OtherDevice));
    assert_eq!(roster.admit(&chain[..2], device(2), NOW), Err(AdmissionError::OtherDevice));
    let empty: [&[u8]; 0] = [];
    assert_eq!(roster.admit(&empty, device(2), NOW), Err(AdmissionError::NotAChain));
    let twice = [chain.clone(), chain.clone()].concat();
    assert_eq!(roster.admit(&twice, device(2), NOW), Err(AdmissionError::NotAChain));
    let long: Vec<_> = chain.iter().cycle().take(MAX_CHAIN + 1).collect();
    assert_eq!(roster.admit(&long, device(2), NOW), Err(AdmissionError::TooLong));
    assert_eq!(roster.fingerprint(), inviter.fingerprint());
}

#[test]
fn chains_end_at_their_bound() {
    let mut roster = founded();
    let mut depth = 1;
    loop {
        let (from, to) = (depth as u8, depth as u8 + 1);
        let granted = roster.grant(&seed(from), device(to), Role::Admin, &profile("x"), NOW);
        depth += 1;
        if depth > MAX_CHAIN {
            assert_eq!(granted, Err(IssueError::Statement(StatementError::TooDeep)));
            break;
        }
        granted.unwrap();
        assert_eq!(roster.chain(device(to)).len(), depth);
    }
}

#[test]
fn a_member_that_is_no_administrator_cannot_fill_the_roster() {
    let mut roster = founded();
    let tickets: Vec<_> = (0..=MAX_STATEMENTS_OF_MEMBER)
        .map(|index| ticket(&mut roster, 50 + index as u8, Role::Writer, 1, None))
        .collect();
    let mut joined = 0;
    for ticket in &tickets {
        // Each time with a roster that knows the admissions before.
        let fresh = ticket.join(&seed(2), &profile("x"), NOW).unwrap();
        for statement in bytes(&fresh.roster) {
            match roster.add(&statement) {
                Ok(true) => joined += 1,
                Ok(false) => {}
                Err(error) => assert_eq!(error, StatementError::Full),
            }
        }
    }
    assert_eq!(joined, MAX_STATEMENTS_OF_MEMBER);
}

#[test]
fn a_roster_is_full_at_its_bound_and_stays_usable() {
    let mut roster = founded();
    while roster.len() < MAX_STATEMENTS {
        roster.invite(&seed(1), &seed(50), Role::Reader, 1, None, NOW).unwrap();
    }
    let before = roster.fingerprint();
    let one_more = roster.invite(&seed(1), &seed(50), Role::Reader, 1, None, NOW);
    assert_eq!(one_more, Err(IssueError::Statement(StatementError::Full)));
    assert_eq!((roster.len(), roster.fingerprint()), (MAX_STATEMENTS, before));
    assert_eq!(roster.role(device(1)), Some(Role::Admin));
}

#[test]
fn two_statements_at_one_place_of_a_chain_are_shown_as_a_fork() {
    let mut one = founded();
    let mut copy = one.clone();
    one.invite(&seed(1), &seed(50), Role::Writer, 1, None, NOW).unwrap();
    copy.invite(&seed(1), &seed(51), Role::Writer, 1, None, NOW).unwrap();
    for statement in bytes(&copy) {
        one.add(&statement).unwrap();
    }
    let forks = one.forks();
    assert_eq!(forks.len(), 1);
    assert_eq!((forks[0].issuer, forks[0].seq), (device(1), 0));
    assert_eq!(forks[0].statements.len(), 2);
}

#[test]
fn statements_over_their_size_or_in_another_encoding_are_refused() {
    let roster = founded();
    let root = roster.statements().next().unwrap().bytes.to_vec();
    let mut fresh = Roster::new(roster.space());
    let long = vec![0; MAX_STATEMENT_BYTES + 1];
    assert_eq!(fresh.add(&long), Err(StatementError::TooLong { length: long.len() }));
    // The payload's length written in two bytes more than it needs.
    assert_eq!(root[7], 0x58);
    let wide = [&root[..7], &[0x59, 0], &root[8..]].concat();
    assert_eq!(fresh.add(&wide), Err(StatementError::NotSigned));
    assert_eq!(fresh.add(&[root.clone(), vec![0]].concat()), Err(StatementError::NotSigned));
    for cut in 0..root.len() {
        assert!(fresh.add(&root[..cut]).is_err());
    }
    assert_eq!(fresh.add(&root), Ok(true));

    let name = "n".repeat(MAX_NAME_BYTES + 1);
    let too_long = create_space(&seed(1), &name, device(1), &profile("one"), NOW);
    assert_eq!(too_long.unwrap_err(), IssueError::Name);
    let improper = create_space(&seed(1), "space", device(1), &profile("a\nb"), NOW);
    assert_eq!(improper.unwrap_err(), IssueError::Name);
}

#[test]
fn every_altered_byte_of_a_statement_is_noticed() {
    let mut roster = founded();
    let (_, invitation) =
        roster.invite(&seed(1), &seed(50), Role::Reader, 3, Some(NOW), NOW).unwrap();
    let root = roster.statements().next().unwrap().bytes.clone();
    for index in 0..invitation.len() {
        let mut altered = invitation.to_vec();
        altered[index] ^= 0x10;
        let mut fresh = Roster::new(roster.space());
        fresh.add(&root).unwrap();
        assert!(fresh.add(&altered).is_err(), "byte {index}");
        assert_eq!(fresh.len(), 1);
    }
}

#[test]
fn bad_tickets_get_distinct_errors() {
    let mut roster = founded();
    let good = ticket(&mut roster, 50, Role::Writer, 1, Some(NOW + HOUR));
    let line = good.to_string();
    let parse = |text: &str| text.parse::<Ticket>().map(|_| ()).unwrap_err();

    assert_eq!(parse(""), TicketError::NotATicket);
    assert_eq!(parse("hello"), TicketError::NotATicket);
    assert_eq!(parse("dunlin"), TicketError::NotATicket);
    assert_eq!(parse(&line.replacen('1', "2", 1)), TicketError::Version);
    for cut in 7..line.len() {
        let missing = line.len() - cut;
        match parse(&line[..cut]) {
            TicketError::Truncated { missing: said } => {
                assert!(said == missing || cut < 11, "{cut}");
            }
            error => panic!("cut at {cut}: {error}"),
        }
    }
    assert_eq!(parse(&format!("{line}a")), TicketError::Altered);
    assert_eq!(parse(&format!("{line}aaaaaaaa")), TicketError::Altered);
    for index in (11..line.len()).step_by(7) {
        let mut altered = line.clone().into_bytes();
        altered[index] = if altered[index] == b'q' { b'r' } else { b'q' };
        assert_eq!(parse(&String::from_utf8(altered).unwrap()), TicketError::Altered);
    }
    let expired = good.join(&seed(2), &profile("two"), NOW + HOUR + 1).unwrap_err();
    assert_eq!(expired, TicketError::Expired { at_ms: NOW + HOUR });

    // Wrapped, upper-case and surrounded by blanks is still the same ticket.
    let wrapped = format!("  {}\n{}\r\n", &line[..40].to_uppercase(), &line[40..]);
    assert_eq!(wrapped.parse::<Ticket>().unwrap().to_string(), line);
}

/// The content of a ticket, edited, with length and checksum made right again.
fn reseal(line: &str, edit: impl Fn(&mut Vec<u8>)) -> String {
    use data_encoding::BASE32_NOPAD;
    let bytes = BASE32_NOPAD.decode(line[7..].to_ascii_uppercase().as_bytes()).unwrap();
    let mut content = bytes[2..bytes.len() - 6].to_vec();
    edit(&mut content);
    let mut sealed = (content.len() as u16).to_be_bytes().to_vec();
    sealed.extend_from_slice(&content);
    let check = blake3::derive_key("dunlin 2026 ticket checksum v1", &content);
    sealed.extend_from_slice(&check[..6]);
    format!("dunlin1{}", BASE32_NOPAD.encode(&sealed).to_ascii_lowercase())
}

#[test]
fn a_ticket_whose_parts_do_not_belong_together_is_refused() {
    let mut roster = founded();
    let line = ticket(&mut roster, 50, Role::Writer, 1, None).to_string();
    assert_eq!(reseal(&line, |_| {}), line);

    let other = device_of(&seed(101)).0;
    let space = roster.space();
    let moved = reseal(&line, |content| {
        // {0: space} stands first: map head, key, byte string head, then 32 bytes.
        content[4..36].copy_from_slice(&other);
    });
    assert_eq!(
        moved.parse::<Ticket>().unwrap_err(),
        TicketError::OtherSpace { named: SpaceId(other), found: space }
    );
    let wrong_key = reseal(&line, |content| {
        let at = content.windows(32).position(|part| part == seed(50)).unwrap();
        content[at] ^= 1;
    });
    assert!(matches!(wrong_key.parse::<Ticket>(), Err(TicketError::Malformed(_))));
    let no_cbor = reseal(&line, |content| content.truncate(50));
    assert!(matches!(no_cbor.parse::<Ticket>(), Err(TicketError::Malformed(_))));
    let forged = reseal(&line, |content| {
        let signature = content.len() - 30;
        content[signature] ^= 1;
    });
    assert!(matches!(forged.parse::<Ticket>(), Err(TicketError::Chain(_))));
}

#[test]
fn a_ticket_needs_its_own_invitation_and_proper_hints() {
    let mut roster = founded();
    let (invitation, _) = roster.invite(&seed(1), &seed(50), Role::Writer, 1, None, NOW).unwrap();
    let make = |invitation, key: u8, hints| {
        Ticket::new(&roster, invitation, &seed(key), &[9; 32], hints).map(|_| ())
    };
    assert_eq!(make(invitation, 50, vec![]), Ok(()));
    assert_eq!(make(invitation, 51, vec![]), Err(IssueError::UnknownInvitation));
    assert_eq!(make(StatementHash([0; 32]), 50, vec![]), Err(IssueError::UnknownInvitation));
    assert_eq!(make(invitation, 50, vec!["a b".into()]), Err(IssueError::Hints));
    assert_eq!(make(invitation, 50, vec!["a".into(); 9]), Err(IssueError::Hints));
    assert_eq!(make(invitation, 50, vec!["a".repeat(65)]), Err(IssueError::Hints));
    let mut roster = roster.clone();
    assert_eq!(
        roster.invite(&seed(1), &seed(52), Role::Writer, 0, None, NOW),
        Err(IssueError::NoUses)
    );
}

#[test]
fn secrets_do_not_show_in_debug_output() {
    let mut roster = founded();
    let ticket = ticket(&mut roster, 50, Role::Writer, 1, None);
    let printed = format!("{ticket:?}");
    assert!(printed.contains("field work"));
    assert!(!printed.contains("50, 50") && !printed.contains("9, 9"));
}
