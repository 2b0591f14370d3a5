// Taking everything along, and deleting the account.

import { ask, fileOf, type Creator } from "../api";
import { ForGood } from "../parts/for-good";
import { say } from "../parts/say";

const GOES = [
  "Your events, with their tickets, visits, transcripts and recordings. Links to keepsakes stop working.",
  "Your fans, and what the avatars remember of them.",
  "Your personas and your API keys. What uses a key stops working.",
  "Your name, e-mail address and password.",
];
const STAYS = [
  "For whoever runs this server: which kind of change was made when, without names, titles or words.",
  "What you or your fans downloaded before.",
];

export function Leaving({ creator, onGone }: { creator: Creator; onGone: () => void }) {
  const remove = async () => {
    await ask("DELETE", "/me");
    onGone();
    say("Your account is deleted, with all that was kept under it.");
  };
  return (
    <section class="card" aria-labelledby="leaving-title">
      <h2 id="leaving-title">Your data</h2>
      <p class="dim">All that is kept under your account, as files that other programs can read.</p>
      <p class="actions">
        <a class="button" href={fileOf("/export")} download="stagedoor.zip">
          Download everything
        </a>
        <ForGood title="Delete your account?" goes={GOES} stays={STAYS} typed={creator.email} typedIs="your e-mail address" onYes={remove}>
          Delete my account
        </ForGood>
      </p>
    </section>
  );
}
