//! Carries commands out on a node: the one place that knows what they mean.

mod conflicts;
mod documents;
mod feed;
mod many;
mod presence;
mod quarantine;
mod query;
mod run;
mod spaces;
mod status;
mod transaction;

use crate::{
    args::{NodeCommand, PutForm, SpaceCommand},
    failure::Failure,
    host::Host,
    input::Lines,
    out::Out,
};

/// Carries out a command; `fed` are the lines of a command that reads some.
///
/// # Errors
/// [`Failure`]; what was printed before it stands.
pub(crate) async fn execute(
    host: &Host,
    command: NodeCommand,
    fed: Option<Lines>,
    out: &mut Out,
) -> Result<(), Failure> {
    let node = &host.node;
    match command {
        NodeCommand::Space(SpaceCommand::Create { name }) => spaces::create(node, &name, out).await,
        NodeCommand::Space(SpaceCommand::List) => spaces::list(node, out).await,
        NodeCommand::Space(SpaceCommand::Members { space }) => {
            spaces::members(node, &space, out).await
        }
        NodeCommand::Invite(invite) => spaces::invite(node, &invite, out).await,
        NodeCommand::Join(join) => spaces::join(node, &join, out).await,
        NodeCommand::Put(put) => match put.form() {
            Ok(PutForm::One { id, json }) => documents::put(node, &put, id, json, out).await,
            Ok(PutForm::Many) => many::put(node, &put, fed, out).await,
            Err(text) => Err(Failure::invalid(text, "see `dunlin help put`")),
        },
        NodeCommand::Transaction(transaction) => {
            transaction::transaction(node, &transaction, fed, out).await
        }
        NodeCommand::Edit(edit) => documents::edit(node, &edit, out).await,
        NodeCommand::Get(get) => documents::get(node, &get, out).await,
        NodeCommand::Delete(document) => documents::delete(node, &document, out).await,
        NodeCommand::Restore(document) => documents::restore(node, &document, out).await,
        NodeCommand::Conflicts(listing) => conflicts::conflicts(node, &listing, out).await,
        NodeCommand::Deleted(listing) => conflicts::deleted(node, &listing, out).await,
        NodeCommand::Settle(settle) => conflicts::settle(node, &settle, out).await,
        NodeCommand::Refound(document) => documents::refound(node, &document, out).await,
        NodeCommand::Quarantine(quarantine) => quarantine::quarantine(node, &quarantine, out).await,
        NodeCommand::Query(query) if query.watch => query::watch(node, &query, out).await,
        NodeCommand::Query(query) => query::once(node, &query, out).await,
        NodeCommand::Watch(watch) => feed::watch(node, &watch, out).await,
        NodeCommand::Ack(ack) => feed::acknowledge(node, &ack).await,
        NodeCommand::Run(run) => run::run(host, &run, out).await,
        NodeCommand::Status => status::status(node, out).await,
        NodeCommand::Peers => status::peers(node, out).await,
        NodeCommand::Presence(presence) => presence::presence(node, &presence, out).await,
    }
}
