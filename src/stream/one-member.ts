import kafkajs, { type PartitionAssigner } from 'kafkajs';

const NAME = 'AvdOneMember';
const VERSION = 0;
const NOTHING = Buffer.alloc(0);

/** Gives all partitions to one member of the group, the first by its id: what it remembers is then all there is. */
export const oneMember: PartitionAssigner = ({ cluster }) => ({
  name: NAME,
  version: VERSION,
  async assign({ members, topics }) {
    const [first] = members.map(({ memberId }) => memberId).sort();
    const all = Object.fromEntries(
      topics.map((topic) => [topic, cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => partitionId)]),
    );
    return members.map(({ memberId }) => ({
      memberId,
      memberAssignment: kafkajs.AssignerProtocol.MemberAssignment.encode({
        version: VERSION,
        assignment: memberId === first ? all : {},
        userData: NOTHING,
      }),
    }));
  },
  protocol: ({ topics }) => ({
    name: NAME,
    metadata: kafkajs.AssignerProtocol.MemberMetadata.encode({ version: VERSION, topics, userData: NOTHING }),
  }),
});
