//! Spaces: founding, listing, inviting, joining.

use dunlin::{Code, Error, Invitation, Node, Space, Ticket, rfc3339};
use qrcode::{EcLevel, QrCode, render::unicode::Dense1x2};
use serde_json::{Value as Json, json};

use crate::{
    args::{Invite, Join},
    failure::Failure,
    human::table,
    out::Out,
};

pub(super) async fn create(node: &Node, name: &str, out: &mut Out) -> Result<(), Failure> {
    let space = node.create_space(name).await?;
    out.item(describe(&space), || format!("founded the space {name:?}, {}", space.id())).await
}

pub(super) async fn list(node: &Node, out: &mut Out) -> Result<(), Failure> {
    let spaces = node.spaces();
    if out.is_json() {
        for space in spaces {
            out.json(describe(&space)).await?;
        }
        return Ok(());
    }
    if spaces.is_empty() {
        return out.text("no space yet: `dunlin space create NAME`, or `dunlin join TICKET`").await;
    }
    let row = |space: &Space| {
        let name = match space.alias() {
            Some(alias) => format!("{alias} ({})", space.name()),
            None => space.name(),
        };
        vec![name, role(space), space.id().to_string()]
    };
    let rows: Vec<_> = spaces.iter().map(row).collect();
    out.text(&table(&["space", "role", "id"], &rows)).await
}

pub(super) async fn members(node: &Node, space: &str, out: &mut Out) -> Result<(), Failure> {
    let members = node.space(space)?.members();
    if out.is_json() {
        for member in members {
            out.json(json!({
                "device": member.device.to_string(),
                "name": member.name,
                "kind": member.kind.as_str(),
                "role": member.role.as_str(),
                "since": rfc3339(member.since_ms),
            }))
            .await?;
        }
        return Ok(());
    }
    let me = node.device().id;
    let rows: Vec<_> = members
        .into_iter()
        .map(|member| {
            let name = match member.device == me {
                true => format!("{} (this device)", member.name),
                false => member.name,
            };
            let (kind, role) = (member.kind.to_string(), member.role.to_string());
            vec![name, kind, role, rfc3339(member.since_ms), member.device.to_string()]
        })
        .collect();
    out.text(&table(&["name", "kind", "role", "since", "device"], &rows)).await
}

pub(super) async fn invite(node: &Node, invite: &Invite, out: &mut Out) -> Result<(), Failure> {
    let invitation =
        Invitation { role: invite.role.into(), uses: invite.uses, expires_in: invite.expires };
    let ticket = node.space(&invite.space)?.invite(&invitation).await?.to_string();
    let code = invite.qr.then(|| qr(&ticket)).transpose()?;
    let json = match &code {
        Some(code) => json!({"ticket": ticket, "qr": code}),
        None => json!({"ticket": ticket}),
    };
    out.item(json, || match code {
        Some(code) => format!("{code}\n{ticket}"),
        None => ticket,
    })
    .await
}

pub(super) async fn join(node: &Node, join: &Join, out: &mut Out) -> Result<(), Failure> {
    let ticket: Ticket = join.ticket.parse().map_err(Error::from)?;
    let space = node.join(&ticket, join.alias.as_deref()).await?;
    out.item(describe(&space), || {
        let name = space.alias().unwrap_or_else(|| space.name());
        format!("joined the space {name:?} as {}; `dunlin run` fetches what it holds", role(&space))
    })
    .await
}

fn describe(space: &Space) -> Json {
    json!({
        "id": space.id().to_string(),
        "name": space.name(),
        "alias": space.alias(),
        "role": space.role().map(|role| role.as_str()),
    })
}

fn role(space: &Space) -> String {
    space.role().map_or_else(|| "no member".to_owned(), |role| role.to_string())
}

/// The ticket for a camera. Upper case is read as well and makes a smaller code.
fn qr(ticket: &str) -> Result<String, Failure> {
    let code = QrCode::with_error_correction_level(ticket.to_ascii_uppercase(), EcLevel::L)
        .map_err(|error| {
            Failure::Refused(Error::new(
                Code::LimitExceeded,
                format!("the ticket does not fit into a QR code: {error}"),
                "hand over the line of text instead",
            ))
        })?;
    // Terminals are dark as a rule: light modules are drawn.
    let (dark, light) = (Dense1x2::Light, Dense1x2::Dark);
    Ok(code.render::<Dense1x2>().dark_color(dark).light_color(light).build())
}
